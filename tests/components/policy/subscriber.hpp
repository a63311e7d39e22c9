// The test's own reading handle of a store, with its values as float64.
#pragma once

#include <memory>
#include <string>

#include "components/policy/policy_data.hpp"
#include "shared_variable/shared_variable.h"

class Subscriber
{
public:
  explicit Subscriber(const char *name = "/policy/weights")
  {
    Require(svar_store_open(name, nullptr, &store_));
  }
  ~Subscriber()
  {
    svar_snapshot_end(&snapshot_);
    svar_store_close(store_);
  }
  Subscriber(const Subscriber &) = delete;
  Subscriber &operator=(const Subscriber &) = delete;

  svar_store_t *store()
  {
    return store_;
  }
  uint64_t version()
  {
    return svar_store_version(store_);
  }
  size_t count()
  {
    return svar_store_count(store_);
  }

  // Pins the newest version until the next Pin() or the end.
  void Pin()
  {
    svar_snapshot_end(&snapshot_);
    Require(svar_snapshot_begin(store_, &snapshot_));
  }
  // A view of the pinned version.
  std::unique_ptr<svar_value_t> View(const std::string &name)
  {
    svar_variable_t *variable = nullptr;
    Require(svar_store_find(store_, name.c_str(), &variable));
    auto view = std::make_unique<svar_value_t>();
    svar_ret_t ret = svar_snapshot_get(&snapshot_, variable, view.get());
    svar_variable_unref(variable);
    Require(ret);
    return view;
  }
  // The bytes of the current value.
  std::string Bytes(const std::string &name)
  {
    Pin();
    auto view = View(name);
    return {static_cast<const char *>(view->tensor.data), svar_value_bytes(view.get())};
  }

private:
  svar_store_t *store_ = nullptr;
  svar_snapshot_t snapshot_ = SVAR_SNAPSHOT_INIT;
};
