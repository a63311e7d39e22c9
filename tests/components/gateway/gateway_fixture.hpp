// A gateway in a process of its own, its RouDi and its segment directory; and those who listen to it.
#ifndef TESTS_COMPONENTS_GATEWAY_GATEWAY_FIXTURE_HPP
#define TESTS_COMPONENTS_GATEWAY_GATEWAY_FIXTURE_HPP

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "components/process.h"
#include "fakes/in_process.hpp"
#include "fakes/scratch.hpp"
#include "iceoryx_client.h"
#include "shared_variable/messages.h"

namespace gateway_test
{

constexpr int64_t kPatienceNs = 20'000'000'000;
constexpr const char *kStore = "/policy/weights";

inline std::string
Topic(const std::string &store)
{
  return store + SVAR_COMMIT_TOPIC_SUFFIX;
}

/// A gateway with these parameters, in the segment directory that is the environment's.
class Gateway
{
public:
  explicit Gateway(const std::vector<std::string> &parameters = {})
      : process_(Words(parameters), {{"AMENT_PREFIX_PATH", PREFIX}})
  {
  }
  Process &process()
  {
    return process_;
  }

private:
  static std::vector<std::string> Words(const std::vector<std::string> &parameters)
  {
    std::vector<std::string> words = {GATEWAY, "--ros-args"};
    for (const std::string &parameter : parameters) {
      words.insert(words.end(), {"-p", parameter});
    }
    return words;
  }
  Process process_;
};

/// The events of a store, as a process that links the library gets them.
class Events
{
public:
  explicit Events(const std::string &store = kStore)
  {
    EXPECT_SVAR_OK(svar_messages_create("events", &messages_));
    EXPECT_SVAR_OK(svar_message_receiver_create_latched(
        messages_, Topic(store).c_str(), sizeof(svar_commit_event_t), 64, &receiver_));
  }
  ~Events()
  {
    svar_message_receiver_destroy(receiver_);
    svar_messages_destroy(messages_);
  }
  Events(const Events &) = delete;
  Events &operator=(const Events &) = delete;

  /// The next event, waited for.
  svar_commit_event_t Next()
  {
    svar_commit_event_t event = {};
    svar_message_t message = SVAR_MESSAGE_INIT;
    EXPECT_SVAR_OK(svar_message_receiver_wait(receiver_, kPatienceNs));
    EXPECT_SVAR_OK(svar_message_receiver_take(receiver_, &message));
    if (message.payload != nullptr) {
      event = *static_cast<const svar_commit_event_t *>(message.payload);
    }
    svar_message_receiver_release(receiver_, &message);
    return event;
  }
  /// Events up to this version's; it, too, was waited for.
  svar_commit_event_t Until(uint64_t version)
  {
    svar_commit_event_t event = Next();
    while (event.version < version && event.layout != 0) {
      event = Next();
    }
    return event;
  }
  bool IsEmpty()
  {
    return svar_message_receiver_wait(receiver_, 0) == SVAR_TIMEOUT;
  }

private:
  svar_messages_t *messages_ = nullptr;
  svar_message_receiver_t *receiver_ = nullptr;
};

inline std::vector<uint32_t>
Changed(const svar_commit_event_t &event)
{
  return {event.changed, event.changed + event.listed_count};
}

constexpr const char *kNoDriver = "/nowhere/libcuda.so.1";

/// Which driver this process loads, and those that it starts from now on.
inline void
UseDriver(const char *library)
{
  setenv("SVAR_GPU_DRIVER", library, 1);
}

/// On the stand-in's GPU. The process must be one of its own (InProcess): it has loaded a driver now.
inline svar_test::Variable
MakeOnGpu(const svar_test::Store &store, const char *name, const std::vector<double> &values)
{
  svar_test::Array<double> array(values);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_variable_t *variable = nullptr;
  UseDriver(SVAR_STAND_IN_DRIVER);
  options.name = name;
  options.store = store.get();
  options.target = SVAR_TARGET_GPU;
  EXPECT_SVAR_OK(svar_shared(array.source(), &options, &variable));
  return svar_test::Variable(variable);
}

} // namespace gateway_test

#endif
