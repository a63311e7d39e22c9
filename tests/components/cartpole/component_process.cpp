#include "component_process.hpp"

#include <dlfcn.h>
#include <fcntl.h>

#include <atomic>
#include <cstdarg>
#include <fstream>
#include <sstream>

#include "shared_variable/component.h"

namespace
{

std::atomic<bool> is_stopping{false};

class Host
{
public:
  Host(const svar_component_descriptor_t *descriptor, const ComponentProcess::Overrides &overrides)
      : table{}, descriptor_(descriptor), overrides_(overrides)
  {
    table.abi_version = SVAR_COMPONENT_ABI_VERSION;
    table.size_bytes = sizeof table;
    table.node_name = "/test";
    table.log = log;
    table.parameter = parameter;
    table.resolve_name = resolve_name;
    table.set_period = [](const svar_component_host_t *, int64_t) {};
    table.is_stopping = [](const svar_component_host_t *) { return is_stopping.load(); };
  }

  svar_component_host_t table; // first: the callbacks find their Host by it

private:
  static const Host &of(const svar_component_host_t *table)
  {
    return *reinterpret_cast<const Host *>(table);
  }
  static void log(const svar_component_host_t *, svar_log_level_t level, const char *format, ...)
  {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stdout, "[%d] ", level);
    vfprintf(stdout, format, arguments);
    fputc('\n', stdout);
    fflush(stdout);
    va_end(arguments);
  }
  static svar_ret_t parameter(const svar_component_host_t *table, const char *name,
                              svar_parameter_value_t *out_value)
  {
    const Host &host = of(table);
    const svar_component_descriptor_t *descriptor = host.descriptor_;
    for (size_t i = 0; i < descriptor->parameter_count; i++) {
      if (std::string(descriptor->parameters[i].name) == name) {
        *out_value = descriptor->parameters[i].default_value;
        auto found = host.overrides_.find(name);
        if (found != host.overrides_.end()) {
          override_with(found->second, out_value);
        }
        return SVAR_OK;
      }
    }
    return svar_fail(SVAR_ERR_NOT_FOUND, "no parameter '%s'", name);
  }
  static void override_with(const ComponentProcess::Value &value, svar_parameter_value_t *out_value)
  {
    if (const bool *boolean = std::get_if<bool>(&value)) {
      out_value->as.boolean = *boolean;
    } else if (const int *integer = std::get_if<int>(&value)) {
      out_value->as.integer = *integer;
    } else if (const double *real = std::get_if<double>(&value)) {
      out_value->as.real = *real;
    } else {
      out_value->as.string = std::get<std::string>(value).c_str();
    }
  }
  static svar_ret_t resolve_name(const svar_component_host_t *, const char *name, char *out_name,
                                 size_t name_bytes)
  {
    if (strlen(name) >= name_bytes) {
      return svar_fail(SVAR_ERR_ARGUMENT, "the name '%s' is too long", name);
    }
    strcpy(out_name, name);
    return SVAR_OK;
  }

  const svar_component_descriptor_t *descriptor_;
  const ComponentProcess::Overrides &overrides_;
};

bool
run_active(const svar_component_descriptor_t *descriptor, void *self)
{
  svar_step_result_t result = SVAR_STEP_CONTINUE;
  for (svar_tick_t tick = {}; result == SVAR_STEP_CONTINUE && !is_stopping; tick.index++) {
    result = descriptor->step(self, &tick);
  }
  if (result == SVAR_STEP_FAILED) {
    printf("failed: %s\n", svar_error_message());
  }
  if (descriptor->deactivate != nullptr) {
    EXPECT_EQ(descriptor->deactivate(self), SVAR_TRANSITION_SUCCESS);
  }
  EXPECT_EQ(descriptor->cleanup(self), SVAR_TRANSITION_SUCCESS);
  return result != SVAR_STEP_FAILED;
}

int
run(const char *library, const ComponentProcess::Overrides &overrides)
{
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    printf("failed: %s\n", dlerror());
    return 1;
  }
  auto entry = reinterpret_cast<svar_component_entry_t>(dlsym(handle, SVAR_COMPONENT_ENTRY));
  const svar_component_descriptor_t *descriptor = entry(0);
  Host host(descriptor, overrides);
  void *self = nullptr;
  if (descriptor->create(&host.table, &self) != SVAR_OK) {
    return 1;
  }
  bool is_good = descriptor->configure(self) == SVAR_TRANSITION_SUCCESS;
  if (!is_good) {
    printf("failed: %s\n", svar_error_message());
  } else {
    if (descriptor->activate != nullptr) {
      EXPECT_EQ(descriptor->activate(self), SVAR_TRANSITION_SUCCESS);
    }
    is_good = run_active(descriptor, self);
  }
  descriptor->destroy(self);
  return is_good && !testing::Test::HasFailure() ? 0 : 1;
}

int
start(const char *library, const ComponentProcess::Overrides &overrides, const std::string &path)
{
  alarm(120); // an orphan ends, too
  ::signal(SIGTERM, [](int) { is_stopping = true; });
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
  dup2(file, 1);
  dup2(file, 2);
  close(file);
  std::exit(run(library, overrides)); // with everything that runs at a process's end
}

std::string
output_path()
{
  static int count = 0;
  return testing::TempDir() + "component-" + std::to_string(getpid()) + "-" +
         std::to_string(count++);
}

} // namespace

ComponentProcess::ComponentProcess(const char *library, const Overrides &overrides)
    : path_(output_path()), child_([&] { return start(library, overrides, path_); })
{
}

ComponentProcess::~ComponentProcess()
{
  if (testing::Test::HasFailure()) {
    printf("--- a component wrote:\n%s---\n", output().c_str());
  }
  unlink(path_.c_str());
}

void
ComponentProcess::signal(int number)
{
  child_.kill(number);
}

void
ComponentProcess::kill_while_idle()
{
  svar_test::stop_asleep(child_.pid());
  signal(SIGKILL);
}

int
ComponentProcess::wait()
{
  return child_.wait();
}

std::string
ComponentProcess::output() const
{
  std::ostringstream text;
  text << std::ifstream(path_).rdbuf();
  return text.str();
}
