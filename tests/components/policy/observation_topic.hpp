// The ends of a policy's topics that the components do not hold: the test's own.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "components/policy/policy_data.hpp"
#include "components/policy_protocol.h"
#include "shared_variable/messages.h"

struct TopicMessage {
  svari_policy_message_t head = {};
  std::vector<double> values;
  uint64_t sender = 0;
};

class TopicReceiver
{
public:
  TopicReceiver(const std::string &topic, size_t width, uint32_t queue = SVAR_MESSAGE_QUEUE_MAX)
      : width_(width)
  {
    Require(svar_messages_create("test_receiver", &messages_));
    Require(svar_message_receiver_create(messages_, topic.c_str(),
                                         svari_policy_message_bytes(width), queue, &receiver_));
  }
  ~TopicReceiver()
  {
    svar_message_receiver_destroy(receiver_);
    svar_messages_destroy(messages_);
  }
  TopicReceiver(const TopicReceiver &) = delete;
  TopicReceiver &operator=(const TopicReceiver &) = delete;

  // Waits up to so long; false: none came.
  bool Take(TopicMessage *out, int64_t timeout_ns = 20'000'000'000)
  {
    svar_message_t message = SVAR_MESSAGE_INIT;
    if (svar_message_receiver_wait(receiver_, timeout_ns) == SVAR_TIMEOUT) {
      return false;
    }
    Require(svar_message_receiver_take(receiver_, &message));
    std::memcpy(&out->head, message.payload, sizeof(out->head));
    std::vector<float> values(width_);
    std::memcpy(values.data(), static_cast<const char *>(message.payload) + sizeof(out->head),
                width_ * sizeof(float));
    out->values.assign(values.begin(), values.end());
    out->sender = message.sender;
    svar_message_receiver_release(receiver_, &message);
    return true;
  }

private:
  size_t width_;
  svar_messages_t *messages_ = nullptr;
  svar_message_receiver_t *receiver_ = nullptr;
};

class TopicSender
{
public:
  TopicSender(const std::string &topic, size_t width) : width_(width)
  {
    Require(svar_messages_create("test_sender", &messages_));
    Require(svar_message_sender_create(messages_, topic.c_str(), svari_policy_message_bytes(width),
                                       &sender_));
  }
  ~TopicSender()
  {
    svar_message_sender_destroy(sender_);
    svar_messages_destroy(messages_);
  }
  TopicSender(const TopicSender &) = delete;
  TopicSender &operator=(const TopicSender &) = delete;

  void Send(svari_policy_message_t head, const std::vector<double> &values)
  {
    void *payload = nullptr;
    Require(svar_message_sender_loan(sender_, &payload));
    std::memcpy(payload, &head, sizeof(head));
    std::vector<float> floats(values.begin(), values.end());
    std::memcpy(static_cast<char *>(payload) + sizeof(head), floats.data(), width_ * sizeof(float));
    Require(svar_message_sender_publish(sender_, payload));
  }
  // The observation of that number, from 1 on, as a player sends it.
  void SendRow(const Table &observations, int64_t sequence, uint32_t flags = 0)
  {
    Send({static_cast<uint64_t>(sequence), 0, 0, static_cast<uint32_t>(width_), flags},
         observations.row((sequence - 1) % observations.rows()));
  }

private:
  size_t width_;
  svar_messages_t *messages_ = nullptr;
  svar_message_sender_t *sender_ = nullptr;
};

// Every chunk of RouDi's pool for messages of that many numbers, for as long as this lives.
class ChunkHoard
{
public:
  explicit ChunkHoard(uint64_t width)
  {
    Require(svar_messages_create("test_hoard", &messages_));
    svar_ret_t ret = SVAR_OK;
    while (ret == SVAR_OK) {
      svar_message_sender_t *sender = nullptr;
      ret = svar_message_sender_create(messages_, "/test/hoard", svari_policy_message_bytes(width),
                                       &sender);
      senders_.push_back(sender);
      void *payload = nullptr;
      for (int i = 0; ret == SVAR_OK && i < SVAR_MESSAGE_LOANS_MAX; i++) {
        ret = svar_message_sender_loan(sender, &payload);
      }
    }
    EXPECT_EQ(ret, SVAR_ERR_NO_SPACE);
  }
  ~ChunkHoard()
  {
    for (svar_message_sender_t *sender : senders_) {
      svar_message_sender_destroy(sender);
    }
    svar_messages_destroy(messages_);
  }
  ChunkHoard(const ChunkHoard &) = delete;
  ChunkHoard &operator=(const ChunkHoard &) = delete;

private:
  svar_messages_t *messages_ = nullptr;
  std::vector<svar_message_sender_t *> senders_;
};
