// The gateway's commit events against a real RouDi.
#include "components/gateway/gateway_fixture.hpp"
#include "fakes/roudi.hpp"

namespace
{

using namespace gateway_test;
using svar_test::Child;
using svar_test::create_store;
using svar_test::make_variable;
using svar_test::ScratchDirectory;
using svar_test::set;
using svar_test::Store;
using svar_test::Variable;
using Numbers = std::vector<double>;
using Ids = std::vector<uint32_t>;

// A commit just while a receiver is connected may pass it by. So where the first event matters, all that it tells of is
// committed before the gateway starts, which sends it before there can be receivers.
class GatewayEvents : public testing::Test
{
protected:
  ScratchDirectory directory_;
  Roudi roudi_;
};

struct Weights {
  explicit Weights(size_t count = 3) : store(create_store(kStore))
  {
    for (size_t i = 0; i < count; i++) {
      variables.push_back(make_variable<double>(store, ("w" + std::to_string(i)).c_str(), {1}));
    }
  }
  /// In one commit.
  void Change(const Ids &ids)
  {
    svar_transaction_t *change = nullptr;
    ASSERT_SVAR_OK(svar_transaction_begin(store.get(), &change));
    svar_test::Array<double> value({2});
    for (uint32_t id : ids) {
      EXPECT_SVAR_OK(svar_transaction_set(change, variables[id].get(), value.source()));
    }
    EXPECT_SVAR_OK(svar_transaction_commit(change, nullptr));
  }
  uint64_t version() const
  {
    return svar_store_version(store.get());
  }
  void Remove()
  {
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
    store.reset();
  }

  Store store;
  std::vector<Variable> variables;
};

TEST_F(GatewayEvents, TellVersionTimeAndWhatChanged)
{
  InProcess([] {
    Weights weights;
    Gateway gateway;
    Events events;
    svar_commit_event_t first = events.Next();
    EXPECT_EQ(first.version, weights.version());
    EXPECT_EQ(first.kind, uint32_t(SVAR_COMMIT_EVENT_COMMIT));
    EXPECT_EQ(first.variable_count, 3u);

    svar_store_info_t info;
    weights.Change({0, 2});
    svar_commit_event_t event = events.Next();
    EXPECT_EQ(event.version, weights.version());
    EXPECT_EQ(event.previous_version, weights.version() - 1);
    EXPECT_EQ(Changed(event), (Ids{0, 2}));
    EXPECT_EQ(event.changed_count, 2u);
    EXPECT_SVAR_OK(svar_store_info(weights.store.get(), &info));
    EXPECT_EQ(event.committed_ns, info.committed_ns);
    EXPECT_EQ(event.created_ns, info.created_ns);

    EXPECT_SVAR_OK(svar_set_value(weights.variables[1].get(), svar_none(), SVAR_COPY)); // unset
    EXPECT_EQ(Changed(events.Next()), (Ids{1}));
    EXPECT_TRUE(events.IsEmpty());
    weights.Remove();
  });
}

TEST_F(GatewayEvents, TellOfValuesOnGpusWithoutADriver)
{
  InProcess([] {
    Store store = create_store(kStore);
    Variable weight = MakeOnGpu(store, "w", {1, 2}),
             gain = make_variable(store, "gain", Numbers{1});
    UseDriver(kNoDriver);
    Gateway gateway;
    Events events;
    svar_commit_event_t event = events.Next();
    EXPECT_EQ(event.variable_count, 2u);
    EXPECT_SVAR_OK(set(weight, Numbers{3, 4}));
    EXPECT_EQ(Changed(events.Next()), (Ids{0}));
    EXPECT_SVAR_OK(set(gain, Numbers{5}));
    EXPECT_EQ(Changed(events.Next()), (Ids{1}));
    EXPECT_SVAR_OK(svar_store_remove(store.get()));
  });
}

TEST_F(GatewayEvents, BeginForWhoComesLaterWithTheLatest)
{
  InProcess([&] {
    Weights weights;
    Gateway gateway;
    Events early;
    early.Next();
    weights.Change({1});
    early.Until(weights.version());
    // iceoryx keeps an event after it has delivered it: the gateway must be past that.
    Store other = create_store("/other");
    EXPECT_TRUE(gateway.process().WaitFor("following /other"));
    Events late;
    svar_commit_event_t event = late.Next();
    EXPECT_EQ(event.version, weights.version());
    EXPECT_EQ(Changed(event), (Ids{1}));
    EXPECT_TRUE(late.IsEmpty());
    weights.Remove();
  });
}

TEST_F(GatewayEvents, OfCommitsThatAreFasterThanTheGatewayAreOne)
{
  InProcess([&] {
    Weights weights;
    Gateway gateway;
    Events events;
    uint64_t before = events.Next().version;
    gateway.process().Stop(); // shorter than RouDi's patience
    for (uint32_t id : {0u, 1u, 0u}) {
      weights.Change({id});
    }
    gateway.process().Signal(SIGCONT);
    svar_commit_event_t event = events.Until(weights.version());
    EXPECT_EQ(event.version, before + 3);
    EXPECT_EQ(event.previous_version, before);
    EXPECT_EQ(Changed(event), (Ids{0, 1}));
    weights.Remove();
  });
}

TEST_F(GatewayEvents, CountWhatTheyCannotList)
{
  InProcess([] {
    Weights weights(SVAR_COMMIT_EVENT_IDS + 1);
    Gateway gateway;
    Events events;
    events.Next();
    Ids all;
    for (uint32_t id = 0; id <= SVAR_COMMIT_EVENT_IDS; id++) {
      all.push_back(id);
    }
    weights.Change(all);
    svar_commit_event_t event = events.Until(weights.version());
    EXPECT_EQ(event.changed_count, uint32_t(SVAR_COMMIT_EVENT_IDS + 1));
    all.pop_back();
    EXPECT_EQ(Changed(event), all);
    weights.Remove();
  });
}

TEST_F(GatewayEvents, TellThatAStoreWasRemovedAndFollowTheNextOfItsName)
{
  InProcess([] {
    auto first = std::make_unique<Weights>();
    Gateway gateway;
    Events events;
    int64_t created_ns = events.Next().created_ns;
    uint64_t version = first->version();
    first->Remove();
    svar_commit_event_t event = events.Next();
    EXPECT_EQ(event.kind, uint32_t(SVAR_COMMIT_EVENT_REMOVED));
    EXPECT_EQ(event.version, version);
    EXPECT_EQ(event.created_ns, created_ns);

    Weights second(1);
    event = events.Next(); // of whichever version
    EXPECT_EQ(event.kind, uint32_t(SVAR_COMMIT_EVENT_COMMIT));
    EXPECT_NE(event.created_ns, created_ns);
    second.Change({0});
    EXPECT_EQ(events.Until(second.version()).kind, uint32_t(SVAR_COMMIT_EVENT_COMMIT));
    second.Remove();
  });
}

TEST_F(GatewayEvents, TellThatTheFilesOfAStoreVanished)
{
  InProcess([this] {
    Weights weights;
    Gateway gateway({"scan_period:=0.05"});
    Events events;
    uint64_t version = events.Next().version;
    for (const std::string &file : directory_.files()) {
      unlink((directory_.path() + "/" + file).c_str());
    }
    svar_commit_event_t event = events.Next();
    EXPECT_EQ(event.kind, uint32_t(SVAR_COMMIT_EVENT_REMOVED));
    EXPECT_EQ(event.version, version);
  });
}

// The holder has the descriptor that it rings, too: what the gateway closes is still there.
TEST_F(GatewayEvents, EndWithTheFilesAlsoIfTheHolderStandsStill)
{
  Gateway gateway({"scan_period:=0.05"});
  Child holder([]() -> int {
    Weights weights(1);
    pause();
    return 0;
  });
  ASSERT_TRUE(gateway.process().WaitFor("following /policy/weights"));
  holder.kill(SIGSTOP);
  for (const std::string &file : directory_.files()) {
    unlink((directory_.path() + "/" + file).c_str());
  }
  ASSERT_TRUE(gateway.process().WaitFor("/policy/weights is gone"));
  Store gains = create_store("/gains");
  EXPECT_TRUE(gateway.process().WaitFor("following /gains"));
}

TEST_F(GatewayEvents, GoOnWhenTheHolderIsKilledAndAnotherOneResumes)
{
  InProcess([] {
    svar_test::Signal made;
    Child holder([&]() -> int {
      Weights weights(1);
      made.raise();
      pause();
      return 0;
    });
    made.wait();
    Gateway gateway;
    Events events;
    uint64_t version = events.Next().version;
    holder.kill(SIGKILL);
    holder.wait();
    Store next = create_store(kStore);
    EXPECT_SVAR_OK(set<double>(svar_test::find(next, "w0"), {3}));
    svar_commit_event_t event = events.Until(version + 1);
    EXPECT_EQ(event.version, version + 1);
    EXPECT_EQ(Changed(event), (Ids{0}));
    EXPECT_SVAR_OK(svar_store_remove(next.get()));
  });
}

TEST_F(GatewayEvents, AreOfStoresThatWereThereBeforeAndListedByDiscovery)
{
  InProcess([] {
    Weights weights;
    Gateway gateway;
    ASSERT_TRUE(gateway.process().WaitFor("following /policy/weights"));
    Events events;
    svar_commit_event_t event = events.Next();
    EXPECT_EQ(event.version, weights.version());
    EXPECT_EQ(event.previous_version, 0u);
    EXPECT_EQ(Changed(event), (Ids{0, 1, 2}));
    EXPECT_TRUE(iceoryx_client_finds("/policy/weights/commits"));
    EXPECT_FALSE(iceoryx_client_finds("/policy/gains/commits"));
    weights.Remove();
  });
}

TEST_F(GatewayEvents, AreOfTheStoresThatAreNamedAndOfNoMoreThanAllowed)
{
  Gateway gateway({"stores:=/policy/*,/gains", "max_stores:=1"});
  Store other = create_store("/camera");
  Store gains = create_store("/gains");
  EXPECT_TRUE(gateway.process().WaitFor("following /gains"));
  Store weights = create_store(kStore);
  EXPECT_TRUE(gateway.process().WaitFor("no events of /policy/weights now: 1 stores are followed"));
  EXPECT_SVAR_OK(svar_store_remove(gains.get()));
  gains.reset();
  EXPECT_TRUE(gateway.process().WaitFor("/gains is gone"));
  EXPECT_TRUE(gateway.process().WaitFor("following /policy/weights")); // as there is room
  EXPECT_EQ(gateway.process().Errors().find("/camera"), std::string::npos);
}

TEST_F(GatewayEvents, CannotBeOfAStoreWhoseNameIsTooLongForATopic)
{
  Gateway gateway;
  const std::string name = "/" + std::string(92, 'a');
  Store store = create_store(name.c_str());
  EXPECT_TRUE(gateway.process().WaitFor("no events of " + name + " now: '" + name +
                                        "/commits' cannot name a topic"));
  gateway.process().Signal(SIGTERM);
  EXPECT_EQ(gateway.process().Wait(), 0);
}

TEST_F(GatewayEvents, WakeAProgramThatLinksOnlyIceoryxBesideATopicOfItsOwn)
{
  InProcess([] {
    Weights weights;
    Gateway gateway;
    // Its lines are read from standard error.
    Process stranger({"/bin/sh", "-c", "exec " COMMIT_EVENTS " /policy/weights 1>&2"}, {});
    EXPECT_TRUE(stranger.WaitFor("version " + std::to_string(weights.version()) + ":"));
    iceoryx_client_join("svar-test-robot");
    iceoryx_client_publish_battery(80);
    EXPECT_TRUE(stranger.WaitFor("battery at 80 %"));
    weights.Change({2});
    EXPECT_TRUE(stranger.WaitFor("version 4: 1 changed: 2"));
    weights.Remove();
    EXPECT_TRUE(stranger.WaitFor("removed after version 4"));
    stranger.Signal(SIGTERM);
    EXPECT_EQ(stranger.Wait(), 0);
  });
}

} // namespace
