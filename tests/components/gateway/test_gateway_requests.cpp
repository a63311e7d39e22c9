// The gateway's answers to a program that uses iceoryx's C API alone, against a real RouDi.
#include <fstream>

#include "archive/safetensors_text.hpp"
#include "components/gateway/gateway_fixture.hpp"
#include "fakes/roudi.hpp"

namespace
{

using namespace gateway_test;
using svar_test::create_store;
using svar_test::get;
using svar_test::make_variable;
using svar_test::ScratchDirectory;
using svar_test::Store;
using svar_test::Variable;
using Numbers = std::vector<double>;

// A chunk on its way to the gateway, or back.
template <typename Message> struct Chunk {
  Message message = {};
  char data[3072] = {};

  template <typename Entry> const Entry &entry(size_t index) const
  {
    return reinterpret_cast<const Entry *>(data)[index];
  }
};
using Request = Chunk<svar_gateway_request_message_t>;
using Response = Chunk<svar_gateway_response_message_t>;

Request
MakeRequest(svar_gateway_operation_t operation, const char *store = "", const char *variable = "")
{
  Request request;
  request.message.header = {SVAR_MESSAGE_MAGIC, SVAR_MESSAGE_LAYOUT, 0, 7, 42};
  svar_gateway_request_t &body = request.message.request;
  body.layout = SVAR_GATEWAY_LAYOUT;
  body.operation = operation;
  snprintf(body.store, sizeof(body.store), "%s", store);
  snprintf(body.variable, sizeof(body.variable), "%s", variable);
  return request;
}

void
PutData(Request &request, const void *data, size_t data_bytes)
{
  request.message.request.tensor.data_bytes = data_bytes;
  memcpy(request.data, data, data_bytes);
}

// A vector of float64.
Request
MakeSet(const char *variable, const Numbers &numbers)
{
  Request request = MakeRequest(SVAR_GATEWAY_SET, kStore, variable);
  svar_gateway_tensor_t &tensor = request.message.request.tensor;
  tensor.dtype_code = 2;
  tensor.dtype_bits = 64;
  tensor.dtype_lanes = 1;
  tensor.ndim = 1;
  tensor.shape[0] = int64_t(numbers.size());
  PutData(request, numbers.data(), numbers.size() * sizeof(double));
  return request;
}

Response
Ask(Request request)
{
  Response response;
  svar_message_header_t &header = request.message.header;
  header.payload_bytes =
      sizeof(request.message.request) + request.message.request.tensor.data_bytes;
  uint64_t bytes = iceoryx_client_ask(SVAR_GATEWAY_TOPIC, &request,
                                      uint32_t(sizeof(header) + header.payload_bytes), &response,
                                      sizeof(response));
  EXPECT_GE(bytes, sizeof(response.message));
  const svar_gateway_response_t &body = response.message.response;
  EXPECT_EQ(bytes, sizeof(response.message) + body.tensor.data_bytes);
  EXPECT_EQ(body.layout, uint32_t(SVAR_GATEWAY_LAYOUT));
  EXPECT_EQ(body.request_sender, 7u);
  EXPECT_EQ(body.request_sequence, 42u);
  return response;
}

void
ExpectRefused(const Response &response, svar_ret_t code, const char *text)
{
  EXPECT_EQ(response.message.response.code, code);
  EXPECT_NE(std::string(response.message.response.message).find(text), std::string::npos)
      << response.message.response.message;
}

void
ExpectAnswered(const Response &response)
{
  EXPECT_EQ(response.message.response.code, 0) << response.message.response.message;
}

class GatewayRequests : public testing::Test
{
protected:
  // A store of which any variable may be set.
  static Store CreateSettable(const char *name = kStore)
  {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.settable = "w*";
    return create_store(name, &options);
  }
  // Runs body as a client.
  void Run(const std::function<void()> &body)
  {
    InProcess([&] {
      iceoryx_client_join("svar-test-client");
      body();
    });
  }

  ScratchDirectory directory_;
  Roudi roudi_;
};

TEST_F(GatewayRequests, ListStoresPageByPage)
{
  Gateway gateway;
  std::vector<Store> stores;
  std::vector<Variable> variables;
  for (int i = 0; i < 10; i++) {
    stores.push_back(create_store(("/s" + std::to_string(i)).c_str()));
    variables.push_back(make_variable<double>(stores.back(), "w", {1}));
  }
  Run([&] {
    Request request = MakeRequest(SVAR_GATEWAY_STORES);
    Response response = Ask(request);
    ExpectAnswered(response);
    EXPECT_EQ(response.message.response.total, 10u);
    ASSERT_EQ(response.message.response.count, uint32_t(SVAR_GATEWAY_ENTRIES));
    const auto &first = response.entry<svar_gateway_store_t>(0);
    EXPECT_STREQ(first.name, "/s0");
    EXPECT_EQ(first.version, 1u);
    EXPECT_EQ(first.variable_count, 1u);
    EXPECT_EQ(first.holder_pid, getppid());

    request.message.request.index = SVAR_GATEWAY_ENTRIES;
    response = Ask(request);
    ASSERT_EQ(response.message.response.count, 2u);
    EXPECT_STREQ(response.entry<svar_gateway_store_t>(1).name, "/s9");
    request.message.request.index = 10;
    EXPECT_EQ(Ask(request).message.response.count, 0u);
  });
  for (Store &store : stores) {
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
  }
}

TEST_F(GatewayRequests, TellTheVariablesBehindTheIds)
{
  Gateway gateway;
  Store store = create_store(kStore);
  Variable w = make_variable<double>(store, "w", {1, 2, 3});
  Variable n = make_variable<uint64_t>(store, "n", {4});
  EXPECT_SVAR_OK(svar_set_value(w.get(), svar_none(), SVAR_COPY));
  Run([] {
    Response response = Ask(MakeRequest(SVAR_GATEWAY_VARIABLES, kStore));
    ExpectAnswered(response);
    EXPECT_EQ(response.message.response.version, 3u);
    ASSERT_EQ(response.message.response.count, 2u);
    const auto &first = response.entry<svar_gateway_variable_t>(0);
    EXPECT_STREQ(first.name, "w");
    EXPECT_EQ(first.is_set, 0u);
    EXPECT_EQ(first.version, 3u);
    const auto &second = response.entry<svar_gateway_variable_t>(1);
    EXPECT_STREQ(second.name, "n");
    EXPECT_EQ(second.id, 1u);
    EXPECT_EQ(second.is_set, 1u);
    EXPECT_EQ(second.version, 2u);
    EXPECT_EQ(second.tensor.dtype_code, 1u);
    EXPECT_EQ(second.tensor.dtype_bits, 64u);
    EXPECT_EQ(second.tensor.ndim, 1);
    EXPECT_EQ(second.tensor.shape[0], 1);
    ExpectRefused(Ask(MakeRequest(SVAR_GATEWAY_VARIABLES, "/nowhere")), SVAR_ERR_NOT_FOUND,
                  "/nowhere");
  });
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(GatewayRequests, GetAValueIfAChunkCanHoldIt)
{
  Gateway gateway;
  Store store = create_store(kStore);
  Variable w = make_variable<double>(store, "w", {1, 2, 3});
  Variable large = make_variable<double>(store, "large", Numbers(1000)); // chunks have 4 KiB
  Run([] {
    Response response = Ask(MakeRequest(SVAR_GATEWAY_GET, kStore, "w"));
    ExpectAnswered(response);
    EXPECT_EQ(response.message.response.version, 1u);
    EXPECT_EQ(response.message.response.tensor.data_bytes, 24u);
    EXPECT_EQ(response.entry<double>(2), 3.0);
    ExpectRefused(Ask(MakeRequest(SVAR_GATEWAY_GET, kStore, "large")), SVAR_ERR_NO_SPACE,
                  "RouDi has no pool of chunks that large");
    ExpectRefused(Ask(MakeRequest(SVAR_GATEWAY_GET, kStore, "gain")), SVAR_ERR_NOT_FOUND, "gain");
  });
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(GatewayRequests, GetACopyOfAValueOnAGpu)
{
  UseDriver(SVAR_STAND_IN_DRIVER);
  Gateway gateway;
  Run([] {
    Store store = create_store(kStore);
    Variable w = MakeOnGpu(store, "w", {1, 2.5});
    Response response = Ask(MakeRequest(SVAR_GATEWAY_GET, kStore, "w"));
    ExpectAnswered(response);
    EXPECT_EQ(response.message.response.tensor.data_bytes, 16u);
    EXPECT_EQ(response.entry<double>(1), 2.5);
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
  });
}

TEST_F(GatewayRequests, DescribeValuesOnGpusWithoutADriverAndSayWhyTheyGetNone)
{
  UseDriver(kNoDriver);
  Gateway gateway;
  Run([] {
    Store store = create_store(kStore);
    Variable w = MakeOnGpu(store, "w", {1, 2.5});
    Response response = Ask(MakeRequest(SVAR_GATEWAY_VARIABLES, kStore));
    ExpectAnswered(response);
    ASSERT_EQ(response.message.response.count, 1u);
    const auto &described = response.entry<svar_gateway_variable_t>(0);
    EXPECT_EQ(described.is_set, 1u);
    EXPECT_EQ(described.tensor.shape[0], 2);
    ExpectRefused(Ask(MakeRequest(SVAR_GATEWAY_GET, kStore, "w")), SVAR_ERR_UNSUPPORTED,
                  "there is no NVIDIA driver on this machine");
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
  });
}

TEST_F(GatewayRequests, SetNothingUnlessTheGatewayIsAllowedTo)
{
  Gateway gateway;
  Store store = CreateSettable();
  Variable w = make_variable<double>(store, "w", {1});
  Run([] {
    ExpectRefused(Ask(MakeSet("w", {2})), SVAR_ERR_PERMISSION, "allow_set is false");
    Request load = MakeRequest(SVAR_GATEWAY_LOAD, kStore);
    PutData(load, "/x", 2);
    ExpectRefused(Ask(load), SVAR_ERR_PERMISSION, "allow_set is false");
  });
  EXPECT_EQ(get<double>(w), Numbers{1});
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(GatewayRequests, SetWhatTheHolderLetsBeSet)
{
  Gateway gateway({"allow_set:=true"});
  Store store = CreateSettable();
  Variable w = make_variable<double>(store, "w", {1});
  Variable gain = make_variable<double>(store, "gain", {1});
  Run([] {
    Response response = Ask(MakeSet("w", {2, 3}));
    ExpectAnswered(response);
    EXPECT_EQ(response.message.response.version, 3u);
    ExpectRefused(Ask(MakeSet("gain", {2})), SVAR_ERR_PERMISSION, "gain");

    Request request = MakeSet("w", {2});
    request.message.request.tensor.shape[0] = 2;
    ExpectRefused(Ask(request), SVAR_ERR_ARGUMENT, "its shape makes 16");
    request.message.request.tensor.dtype_bits = 63;
    ExpectRefused(Ask(request), SVAR_ERR_TYPE, "dtype {2, 63, 1}");
  });
  EXPECT_EQ(get<double>(w), (Numbers{2, 3}));
  EXPECT_EQ(get<double>(gain), Numbers{1});
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST_F(GatewayRequests, LoadAFileIntoOneVersion)
{
  const std::string path = testing::TempDir() + "gateway-" + std::to_string(getpid());
  std::ofstream(path, std::ios::binary) << File("{\"w0\":" + Tensor("U8", "[1]", "[0,1]") +
                                                    ",\"w1\":" + Tensor("U8", "[1]", "[1,2]") + "}",
                                                2);
  Gateway gateway({"allow_set:=true"});
  Store store = CreateSettable();
  Variable w0 = make_variable<double>(store, "w0", {5});
  Variable w1 = make_variable<double>(store, "w1", {5});
  Run([&] {
    Request load = MakeRequest(SVAR_GATEWAY_LOAD, kStore);
    PutData(load, path.data(), path.size());
    Response response = Ask(load);
    ExpectAnswered(response);
    EXPECT_EQ(response.message.response.version, 3u);
    PutData(load, "policy.safetensors", 18);
    ExpectRefused(Ask(load), SVAR_ERR_ARGUMENT, "absolute path");
    PutData(load, "/nowhere/x", 10);
    ExpectRefused(Ask(load), SVAR_ERR_NOT_FOUND, "/nowhere/x");
  });
  EXPECT_EQ(get<double>(w0), Numbers{1});
  EXPECT_EQ(get<double>(w1), Numbers{1});
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
  unlink(path.c_str());
}

TEST_F(GatewayRequests, ThatMakeNoSenseAreRefusedAndTheNextOneIsAnswered)
{
  Gateway gateway;
  Run([] {
    Request request = MakeRequest(SVAR_GATEWAY_STORES);
    request.message.request.operation = 99;
    ExpectRefused(Ask(request), SVAR_ERR_NOT_IMPLEMENTED, "operation 99");
    request = MakeRequest(SVAR_GATEWAY_STORES);
    request.message.request.layout = 2;
    ExpectRefused(Ask(request), SVAR_ERR_LAYOUT, "layout 2");
    request = MakeRequest(SVAR_GATEWAY_GET, kStore);
    memset(request.message.request.variable, 'x', SVAR_GATEWAY_NAME_BYTES);
    ExpectRefused(Ask(request), SVAR_ERR_ARGUMENT, "do not end");
    request = MakeRequest(SVAR_GATEWAY_GET, kStore);
    request.message.header.payload_bytes = sizeof(svar_gateway_request_t);
    request.message.request.tensor.data_bytes = UINT64_MAX;
    Response response;
    EXPECT_GT(iceoryx_client_ask(SVAR_GATEWAY_TOPIC, &request, sizeof(request.message), &response,
                                 sizeof(response)),
              0u);
    ExpectRefused(response, SVAR_ERR_ARGUMENT, "0 bytes of data");
    svar_message_header_t alone = {SVAR_MESSAGE_MAGIC, SVAR_MESSAGE_LAYOUT, 8, 7, 42};
    char chunk[sizeof(alone) + 8] = {};
    memcpy(chunk, &alone, sizeof(alone));
    EXPECT_GT(
        iceoryx_client_ask(SVAR_GATEWAY_TOPIC, chunk, sizeof(chunk), &response, sizeof(response)),
        0u);
    ExpectRefused(response, SVAR_ERR_LAYOUT, "a request of 8 bytes");
    ExpectAnswered(Ask(MakeRequest(SVAR_GATEWAY_STORES)));
  });
}

TEST_F(GatewayRequests, AreAnsweredByOneGateway)
{
  Gateway first;
  ASSERT_TRUE(first.process().WaitFor("answering on /shared_variable/requests"));
  Gateway second;
  EXPECT_TRUE(second.process().WaitFor("creating a server on '/shared_variable/requests'"));
  EXPECT_EQ(second.process().Wait(), 1);
  Gateway third({"requests:=''"}); // events only
  Store store = create_store(kStore);
  EXPECT_TRUE(third.process().WaitFor("following /policy/weights"));
  third.process().Signal(SIGINT);
  EXPECT_EQ(third.process().Wait(), 0);
}

} // namespace
