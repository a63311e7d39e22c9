// A component in this process, driven by the test: its library is loaded as the container would, and its
// host is a table that remembers what it was told.
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <cstdarg>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "shared_variable/component.h"

// A parameter that the test sets.
struct Setting {
  Setting(const char *string) : text(string), value{SVAR_PARAMETER_STRING, {}} {}
  Setting(const std::string &string) : Setting(string.c_str()) {}
  Setting(double real) : value{SVAR_PARAMETER_DOUBLE, {}}
  {
    value.as.real = real;
  }
  Setting(int integer) : value{SVAR_PARAMETER_INTEGER, {}}
  {
    value.as.integer = integer;
  }
  Setting(bool boolean) : value{SVAR_PARAMETER_BOOL, {}}
  {
    value.as.boolean = boolean;
  }

  std::string text; // what a string parameter's value points to
  svar_parameter_value_t value;
};

using Settings = std::map<std::string, Setting>;

class FakeHost : svar_component_host_t
{
public:
  FakeHost()
      : svar_component_host_t{SVAR_COMPONENT_ABI_VERSION,
                              sizeof(svar_component_host_t),
                              "/test",
                              Log,
                              Parameter,
                              ResolveName,
                              SetPeriod,
                              IsStopping}
  {
  }

  const svar_component_host_t *table() const
  {
    return this;
  }

private:
  static FakeHost &Of(const svar_component_host_t *host)
  {
    return static_cast<FakeHost &>(const_cast<svar_component_host_t &>(*host));
  }

  SVAR_PRINTF(3, 4)
  static void Log(const svar_component_host_t *host, svar_log_level_t level, const char *format,
                  ...)
  {
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    Of(host).lines.push_back({level, line});
  }

  static svar_ret_t Parameter(const svar_component_host_t *host, const char *name,
                              svar_parameter_value_t *out_value)
  {
    FakeHost &self = Of(host);
    auto setting = self.settings.find(name);
    if (setting != self.settings.end()) {
      *out_value = setting->second.value;
      if (out_value->kind == SVAR_PARAMETER_STRING) {
        out_value->as.string = setting->second.text.c_str();
      }
      return SVAR_OK;
    }
    for (size_t i = 0; i < self.descriptor->parameter_count; i++) {
      if (std::string(name) == self.descriptor->parameters[i].name) {
        *out_value = self.descriptor->parameters[i].default_value;
        return SVAR_OK;
      }
    }
    return svar_fail(SVAR_ERR_NOT_FOUND, "no parameter '%s'", name);
  }

  static svar_ret_t ResolveName(const svar_component_host_t *host, const char *name, char *out_name,
                                size_t name_bytes)
  {
    (void)host;
    snprintf(out_name, name_bytes, "%s", name);
    return SVAR_OK;
  }

  static void SetPeriod(const svar_component_host_t *host, int64_t period_ns)
  {
    Of(host).period_ns = period_ns;
  }

  static bool IsStopping(const svar_component_host_t *host)
  {
    return Of(host).is_stopping;
  }

public:
  struct Line {
    svar_log_level_t level;
    std::string text;
  };
  const svar_component_descriptor_t *descriptor = nullptr;
  Settings settings;
  std::vector<Line> lines;
  int64_t period_ns = -1;
  std::atomic<bool> is_stopping{false};
};

class Component
{
public:
  Component(const char *library, Settings settings)
      : library_(dlopen(library, RTLD_NOW | RTLD_LOCAL))
  {
    if (library_ == nullptr) {
      throw std::runtime_error(dlerror());
    }
    auto entry = reinterpret_cast<svar_component_entry_t>(dlsym(library_, SVAR_COMPONENT_ENTRY));
    if (entry == nullptr || entry(0) == nullptr || entry(1) != nullptr) {
      throw std::runtime_error(std::string(library) + " does not offer one component");
    }
    ops = host.descriptor = entry(0);
    host.settings = std::move(settings);
    if (ops->create(host.table(), &self_) != SVAR_OK) {
      throw std::runtime_error(svar_error_message());
    }
  }
  ~Component()
  {
    ops->destroy(self_);
    dlclose(library_);
  }
  Component(const Component &) = delete;
  Component &operator=(const Component &) = delete;

  svar_transition_result_t Configure()
  {
    return ops->configure(self_);
  }
  svar_transition_result_t Activate()
  {
    tick_ = {};
    return ops->activate == nullptr ? SVAR_TRANSITION_SUCCESS : ops->activate(self_);
  }
  svar_step_result_t Step(uint64_t missed = 0)
  {
    tick_.missed = missed;
    svar_step_result_t result = ops->step(self_, &tick_);
    tick_.index++;
    return result;
  }
  svar_transition_result_t Deactivate()
  {
    return ops->deactivate == nullptr ? SVAR_TRANSITION_SUCCESS : ops->deactivate(self_);
  }
  svar_transition_result_t Cleanup()
  {
    return ops->cleanup(self_);
  }

  FakeHost host;
  const svar_component_descriptor_t *ops = nullptr;

private:
  void *library_;
  void *self_ = nullptr;
  svar_tick_t tick_ = {};
};
