// What programs of other builds rely on: every offset and number of message_header.h and gateway.h.
#include "fakes/offset.hpp"
#include "shared_variable/gateway.h"

namespace
{

TEST(GatewayAbi, MessageHeader)
{
  EXPECT_STREQ(SVAR_MESSAGE_SERVICE, "shared_variable");
  EXPECT_STREQ(SVAR_MESSAGE_EVENT, "message");
  EXPECT_EQ(SVAR_MESSAGE_MAGIC, 0x4d535653u);
  EXPECT_EQ(SVAR_MESSAGE_LAYOUT, 1);
  EXPECT_EQ(sizeof(svar_message_header_t), 32u);
  EXPECT_OFFSET(svar_message_header_t, magic, 0);
  EXPECT_OFFSET(svar_message_header_t, layout, 4);
  EXPECT_OFFSET(svar_message_header_t, payload_bytes, 8);
  EXPECT_OFFSET(svar_message_header_t, sender, 16);
  EXPECT_OFFSET(svar_message_header_t, sequence, 24);
}

TEST(GatewayAbi, CommitEvent)
{
  EXPECT_STREQ(SVAR_COMMIT_TOPIC_SUFFIX, "/commits");
  EXPECT_EQ(SVAR_GATEWAY_LAYOUT, 1);
  EXPECT_EQ(SVAR_COMMIT_EVENT_COMMIT, 1);
  EXPECT_EQ(SVAR_COMMIT_EVENT_REMOVED, 2);
  EXPECT_EQ(sizeof(svar_commit_event_t), 568u);
  EXPECT_OFFSET(svar_commit_message_t, event, 32);
  EXPECT_OFFSET(svar_commit_event_t, layout, 0);
  EXPECT_OFFSET(svar_commit_event_t, kind, 4);
  EXPECT_OFFSET(svar_commit_event_t, version, 8);
  EXPECT_OFFSET(svar_commit_event_t, previous_version, 16);
  EXPECT_OFFSET(svar_commit_event_t, committed_ns, 24);
  EXPECT_OFFSET(svar_commit_event_t, created_ns, 32);
  EXPECT_OFFSET(svar_commit_event_t, variable_count, 40);
  EXPECT_OFFSET(svar_commit_event_t, changed_count, 44);
  EXPECT_OFFSET(svar_commit_event_t, listed_count, 48);
  EXPECT_OFFSET(svar_commit_event_t, changed, 56);
}

TEST(GatewayAbi, Requests)
{
  EXPECT_STREQ(SVAR_GATEWAY_TOPIC, "/shared_variable/requests");
  EXPECT_EQ(SVAR_GATEWAY_STORES, 1);
  EXPECT_EQ(SVAR_GATEWAY_VARIABLES, 2);
  EXPECT_EQ(SVAR_GATEWAY_GET, 3);
  EXPECT_EQ(SVAR_GATEWAY_SET, 4);
  EXPECT_EQ(SVAR_GATEWAY_LOAD, 5);
  EXPECT_OFFSET(svar_gateway_tensor_t, ndim, 4);
  EXPECT_OFFSET(svar_gateway_tensor_t, data_bytes, 8);
  EXPECT_OFFSET(svar_gateway_tensor_t, shape, 16);
  EXPECT_EQ(sizeof(svar_gateway_request_message_t), 704u);
  EXPECT_OFFSET(svar_gateway_request_t, operation, 4);
  EXPECT_OFFSET(svar_gateway_request_t, index, 8);
  EXPECT_OFFSET(svar_gateway_request_t, store, 16);
  EXPECT_OFFSET(svar_gateway_request_t, variable, 272);
  EXPECT_OFFSET(svar_gateway_request_t, tensor, 528);
}

TEST(GatewayAbi, Responses)
{
  EXPECT_EQ(sizeof(svar_gateway_response_message_t), 480u);
  EXPECT_OFFSET(svar_gateway_response_t, code, 4);
  EXPECT_OFFSET(svar_gateway_response_t, request_sender, 8);
  EXPECT_OFFSET(svar_gateway_response_t, request_sequence, 16);
  EXPECT_OFFSET(svar_gateway_response_t, version, 24);
  EXPECT_OFFSET(svar_gateway_response_t, count, 32);
  EXPECT_OFFSET(svar_gateway_response_t, total, 36);
  EXPECT_OFFSET(svar_gateway_response_t, tensor, 48);
  EXPECT_OFFSET(svar_gateway_response_t, message, 192);
  EXPECT_EQ(sizeof(svar_gateway_store_t), 288u);
  EXPECT_OFFSET(svar_gateway_store_t, version, 256);
  EXPECT_OFFSET(svar_gateway_store_t, created_ns, 264);
  EXPECT_OFFSET(svar_gateway_store_t, variable_count, 272);
  EXPECT_OFFSET(svar_gateway_store_t, holder_pid, 276);
  EXPECT_EQ(sizeof(svar_gateway_variable_t), 416u);
  EXPECT_OFFSET(svar_gateway_variable_t, id, 256);
  EXPECT_OFFSET(svar_gateway_variable_t, is_set, 260);
  EXPECT_OFFSET(svar_gateway_variable_t, version, 264);
  EXPECT_OFFSET(svar_gateway_variable_t, tensor, 272);
}

} // namespace
