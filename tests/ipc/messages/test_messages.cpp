// The message plane against a real RouDi. Bodies run in children, since a process joins only one RouDi.
#include <dirent.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fakes/roudi.hpp"
#include "fakes/scratch.hpp"
#include "shared_variable/messages.h"
#include "stranger.h"

// The few bytes of a port that iceoryx could not make are lost (ipc/messages_sender.c says why).
extern "C" __attribute__((visibility("default"))) const char *
__lsan_default_suppressions()
{
  return "leak:iox_server_init\nleak:iox_pub_init\nleak:iox_sub_init\n";
}

namespace
{

using std::chrono::seconds;
using std::chrono::steady_clock;
using svar_test::Child;
using svar_test::Signal;

constexpr int64_t kPatienceNs = 20'000'000'000;
constexpr const char *kTopic = "/test/numbers";

// A process of its own that ends by exit(), with everything iceoryx does then. Its failures show in
// its exit code.
Child
Process(const std::function<void()> &body)
{
  return Child([&]() -> int {
    alarm(60); // an orphan ends, too
    body();
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  });
}

// The same in one go. Returns the pid that it had.
pid_t
InProcess(const std::function<void()> &body)
{
  Child child = Process(body);
  pid_t pid = child.pid();
  EXPECT_EQ(child.wait(), 0);
  return pid;
}

struct Destroy {
  void operator()(svar_messages_t *messages) const
  {
    svar_messages_destroy(messages);
  }
  void operator()(svar_message_sender_t *sender) const
  {
    svar_message_sender_destroy(sender);
  }
  void operator()(svar_message_receiver_t *receiver) const
  {
    svar_message_receiver_destroy(receiver);
  }
};
using Messages = std::unique_ptr<svar_messages_t, Destroy>;
using Sender = std::unique_ptr<svar_message_sender_t, Destroy>;
using Receiver = std::unique_ptr<svar_message_receiver_t, Destroy>;

Messages
Join(const char *name = "test")
{
  svar_messages_t *messages = nullptr;
  EXPECT_EQ(svar_messages_create(name, &messages), SVAR_OK) << svar_error_message();
  return Messages(messages);
}

Sender
MakeSender(const Messages &messages, uint64_t payload_bytes = sizeof(uint64_t),
           const char *topic = kTopic)
{
  svar_message_sender_t *sender = nullptr;
  EXPECT_EQ(svar_message_sender_create(messages.get(), topic, payload_bytes, &sender), SVAR_OK)
      << svar_error_message();
  return Sender(sender);
}

Receiver
MakeReceiver(const Messages &messages, uint32_t queue = SVAR_MESSAGE_QUEUE_MAX,
             uint64_t payload_bytes = sizeof(uint64_t), const char *topic = kTopic)
{
  svar_message_receiver_t *receiver = nullptr;
  EXPECT_EQ(svar_message_receiver_create(messages.get(), topic, payload_bytes, queue, &receiver),
            SVAR_OK)
      << svar_error_message();
  return Receiver(receiver);
}

Receiver
MakeLatchedReceiver(const Messages &messages)
{
  svar_message_receiver_t *receiver = nullptr;
  EXPECT_EQ(svar_message_receiver_create_latched(messages.get(), kTopic, sizeof(uint64_t),
                                                 SVAR_MESSAGE_QUEUE_MAX, &receiver),
            SVAR_OK)
      << svar_error_message();
  return Receiver(receiver);
}

svar_ret_t
Send(const Sender &sender, uint64_t number)
{
  void *payload = nullptr;
  SVAR_TRY(svar_message_sender_loan(sender.get(), &payload));
  *static_cast<uint64_t *>(payload) = number;
  return svar_message_sender_publish(sender.get(), payload);
}

// The next number, waited for.
uint64_t
Receive(const Receiver &receiver)
{
  svar_message_t message = SVAR_MESSAGE_INIT;
  EXPECT_EQ(svar_message_receiver_wait(receiver.get(), kPatienceNs), SVAR_OK);
  EXPECT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_OK) << svar_error_message();
  if (message.payload == nullptr) {
    return UINT64_MAX;
  }
  uint64_t number = *static_cast<const uint64_t *>(message.payload);
  svar_message_receiver_release(receiver.get(), &message);
  return number;
}

bool
MessageSays(const std::string &part)
{
  return std::string(svar_error_message()).find(part) != std::string::npos;
}

// Files that iceoryx made in /tmp for the process, of those whose name begins so.
int
ResidueOf(pid_t pid, const std::string &begin = "svar-")
{
  std::string mark = "-" + std::to_string(pid) + "-";
  int count = 0;
  DIR *directory = opendir("/tmp");
  while (dirent *entry = readdir(directory)) {
    std::string name = entry->d_name;
    count += name.rfind(begin, 0) == 0 && name.find(mark) != std::string::npos;
  }
  closedir(directory);
  return count;
}

TEST(MessagesWithoutRoudi, AreRefusedAtOnceWithTheRemedy)
{
  RoudiTurn turn;
  InProcess([] {
    auto begin = steady_clock::now();
    svar_messages_t *messages = nullptr;
    EXPECT_EQ(svar_messages_probe(), SVAR_ERR_NO_ROUDI);
    EXPECT_EQ(svar_messages_create("test", &messages), SVAR_ERR_NO_ROUDI);
    EXPECT_EQ(messages, nullptr);
    EXPECT_TRUE(MessageSays("start iox-roudi, or use `svar launch`")) << svar_error_message();
    EXPECT_LT(steady_clock::now() - begin, seconds(1));
  });
}

TEST(MessagesWithoutRoudi, ComeOnceItRuns)
{
  Roudi roudi;
  roudi.Kill();
  InProcess([&] {
    svar_messages_t *messages = nullptr;
    EXPECT_EQ(svar_messages_create("test", &messages), SVAR_ERR_NO_ROUDI);
    EXPECT_TRUE(MessageSays("has died")) << svar_error_message();
    roudi.Start();
    Messages joined = Join();
    Sender sender = MakeSender(joined);
    EXPECT_EQ(Send(sender, 1), SVAR_OK);
    roudi.Kill();
  });
}

TEST(Messages, TravelBetweenProcessesCompleteAndInOrder)
{
  constexpr uint64_t kCount = 2000;
  Roudi roudi;
  Signal ready, taken;
  Child receiving = Process([&] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages);
    ready.raise();
    uint64_t sender = 0;
    for (uint64_t i = 1; i <= kCount; i++) {
      svar_message_t message = SVAR_MESSAGE_INIT;
      ASSERT_EQ(svar_message_receiver_wait(receiver.get(), kPatienceNs), SVAR_OK);
      ASSERT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_OK);
      sender = i == 1 ? message.sender : sender;
      EXPECT_EQ(*static_cast<const uint64_t *>(message.payload), i * i);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(message.payload) % 32, 0u);
      EXPECT_EQ(message.payload_bytes, sizeof(uint64_t));
      EXPECT_EQ(message.sequence, i);
      EXPECT_EQ(message.sender, sender);
      svar_message_receiver_release(receiver.get(), &message);
      EXPECT_EQ(message.payload, nullptr);
      svar_message_receiver_release(receiver.get(), &message); // twice is harmless
      if (i % 100 == 0) {
        taken.raise();
      }
    }
  });
  Child sending = Process([&] {
    ready.wait();
    Messages messages = Join();
    Sender sender = MakeSender(messages);
    for (uint64_t i = 1; i <= kCount; i++) {
      ASSERT_EQ(Send(sender, i * i), SVAR_OK) << svar_error_message();
      if (i % 100 == 0) {
        taken.wait(); // the queue holds 256
      }
    }
  });
  EXPECT_EQ(receiving.wait(), 0);
  EXPECT_EQ(sending.wait(), 0);
}

TEST(Messages, AnEmptyTopicHasNothingToTakeAndTheWaitEnds)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages);
    svar_message_t message = SVAR_MESSAGE_INIT;
    EXPECT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_EMPTY);
    EXPECT_EQ(svar_message_receiver_wait(receiver.get(), 0), SVAR_TIMEOUT);
    EXPECT_EQ(svar_message_receiver_wait(receiver.get(), 20'000'000), SVAR_TIMEOUT);
    EXPECT_EQ(message.payload, nullptr);
  });
}

TEST(Messages, AFullQueueDropsTheOldestAndTheSequenceTells)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages, 4);
    Sender sender = MakeSender(messages);
    for (uint64_t i = 1; i <= 10; i++) {
      ASSERT_EQ(Send(sender, i), SVAR_OK);
    }
    svar_message_t message = SVAR_MESSAGE_INIT;
    ASSERT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_OK);
    EXPECT_EQ(message.sequence, 7u);
    svar_message_receiver_release(receiver.get(), &message);
    EXPECT_EQ(Receive(receiver), 8u);
  });
}

TEST(Messages, ALatchedSenderKeepsItsLatestForReceiversThatComeLater)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    svar_message_sender_t *latched = nullptr;
    ASSERT_EQ(
        svar_message_sender_create_latched(messages.get(), kTopic, sizeof(uint64_t), &latched),
        SVAR_OK);
    Sender sender(latched);
    Receiver early = MakeLatchedReceiver(messages);
    ASSERT_EQ(Send(sender, 1), SVAR_OK);
    EXPECT_EQ(Receive(early), 1u) << "sent before the topic was seen";
    ASSERT_EQ(Send(sender, 2), SVAR_OK);
    ASSERT_EQ(Send(sender, 3), SVAR_OK);
    Receiver ordinary = MakeReceiver(messages);
    Receiver late = MakeLatchedReceiver(messages);
    EXPECT_EQ(Receive(late), 3u);
    ASSERT_EQ(Send(sender, 4), SVAR_OK);
    EXPECT_EQ(Receive(late), 4u);
    EXPECT_EQ(Receive(ordinary), 4u);
    EXPECT_EQ(Receive(early), 2u);
  });
}

TEST(Messages, NobodyAsksForWhatOrdinarySendersDoNotKeep)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Sender sender = MakeSender(messages);
    Receiver receiver = MakeReceiver(messages);
    ASSERT_EQ(Send(sender, 1), SVAR_OK);
    EXPECT_EQ(Receive(receiver), 1u);
  });
  EXPECT_EQ(roudi.Log().find("history"), std::string::npos) << roudi.Log();
}

TEST(Messages, ASenderKnowsWhetherAnybodyReceives)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Sender sender = MakeSender(messages);
    EXPECT_FALSE(svar_message_sender_has_receivers(sender.get()));
    Receiver other = MakeReceiver(messages, 1, sizeof(uint64_t), "/another");
    EXPECT_FALSE(svar_message_sender_has_receivers(sender.get()));
    {
      Receiver receiver = MakeReceiver(messages);
      EXPECT_TRUE(svar_message_sender_has_receivers(sender.get()));
    }
    // RouDi parts them at its next look
    while (svar_message_sender_has_receivers(sender.get())) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
}

TEST(MessageServer, AnswersOneAtATimeOrNotAtAll)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    svar_message_server_t *server = nullptr;
    ASSERT_EQ(svar_message_server_create(messages.get(), kTopic, &server), SVAR_OK);
    svar_message_server_t *second = nullptr;
    EXPECT_EQ(svar_message_server_create(messages.get(), kTopic, &second), SVAR_ERR_MESSAGES);
    EXPECT_EQ(svar_message_server_send(server), SVAR_ERR_ARGUMENT) << "nothing is on loan";
    svar_message_t request = SVAR_MESSAGE_INIT;
    EXPECT_EQ(svar_message_server_take(server, &request), SVAR_EMPTY);
    EXPECT_EQ(svar_message_server_wait(server, 1'000'000), SVAR_TIMEOUT);

    Stranger *stranger = stranger_ask(kTopic, "how are you");
    ASSERT_EQ(svar_message_server_wait(server, kPatienceNs), SVAR_OK);
    ASSERT_EQ(svar_message_server_take(server, &request), SVAR_OK);
    EXPECT_STREQ(static_cast<const char *>(request.payload), "how are you");
    void *answer = nullptr;
    ASSERT_EQ(svar_message_server_loan(server, &request, 8, &answer), SVAR_OK);
    EXPECT_EQ(svar_message_server_loan(server, &request, 8, &answer), SVAR_ERR_STATE);
    svar_message_server_drop(server);
    EXPECT_EQ(svar_message_server_loan(server, &request, 5000, &answer), SVAR_ERR_NO_SPACE);
    EXPECT_EQ(svar_message_server_loan(server, &request, UINT64_MAX, &answer), SVAR_ERR_RANGE);
    ASSERT_EQ(svar_message_server_loan(server, &request, 8, &answer), SVAR_OK);
    strcpy(static_cast<char *>(answer), "well");
    EXPECT_EQ(svar_message_server_send(server), SVAR_OK);
    svar_message_server_release(server, &request);
    svar_message_server_release(server, &request);
    EXPECT_STREQ(stranger_listen(stranger), "well");

    stranger = stranger_ask(kTopic, "and now"); // and leaves
    ASSERT_EQ(svar_message_server_wait(server, kPatienceNs), SVAR_OK);
    ASSERT_EQ(svar_message_server_take(server, &request), SVAR_OK);
    ASSERT_EQ(svar_message_server_loan(server, &request, 8, &answer), SVAR_OK);
    EXPECT_STREQ(stranger_listen(stranger), "") << "which is not answered yet";
    svar_ret_t ret = svar_message_server_send(server);
    EXPECT_TRUE(ret == SVAR_ERR_NOT_FOUND || ret == SVAR_OK) << "as soon as RouDi has noticed";
    svar_message_server_release(server, &request);
    svar_message_server_destroy(server);
    svar_message_server_destroy(nullptr);
  });
}

TEST(Messages, AnotherTopicIsNotHeard)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    svar_message_receiver_t *other = nullptr;
    ASSERT_EQ(svar_message_receiver_create(messages.get(), "/test/others", 0, 1, &other), SVAR_OK);
    Receiver receiver(other);
    Sender sender = MakeSender(messages);
    ASSERT_EQ(Send(sender, 1), SVAR_OK);
    EXPECT_EQ(svar_message_receiver_wait(receiver.get(), 20'000'000), SVAR_TIMEOUT);
  });
}

TEST(Messages, OfMoreBytesThanAnyPoolHasAreRefusedAtCreation)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    svar_message_sender_t *sender = nullptr;
    EXPECT_EQ(svar_message_sender_create(messages.get(), kTopic, 5000, &sender), SVAR_ERR_NO_SPACE);
    EXPECT_TRUE(MessageSays("5000 bytes") && MessageSays("iox-roudi -c")) << svar_error_message();
    EXPECT_EQ(svar_message_sender_create(messages.get(), kTopic, UINT64_MAX, &sender),
              SVAR_ERR_RANGE);
    EXPECT_EQ(svar_message_sender_create(messages.get(), kTopic, 0, &sender), SVAR_ERR_ARGUMENT);
    EXPECT_EQ(sender, nullptr);
    Sender fits = MakeSender(messages, 4000); // and nothing is broken
  });
}

TEST(Messages, ASenderHasAtMostEightLoans)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Sender sender = MakeSender(messages);
    std::vector<void *> loans(SVAR_MESSAGE_LOANS_MAX);
    for (void *&loan : loans) {
      ASSERT_EQ(svar_message_sender_loan(sender.get(), &loan), SVAR_OK);
    }
    void *ninth = nullptr;
    EXPECT_EQ(svar_message_sender_loan(sender.get(), &ninth), SVAR_ERR_STATE);
    EXPECT_EQ(ninth, nullptr);
    svar_message_sender_release(sender.get(), loans[3]);
    EXPECT_EQ(svar_message_sender_loan(sender.get(), &ninth), SVAR_OK);
    EXPECT_EQ(svar_message_sender_publish(sender.get(), &ninth), SVAR_ERR_ARGUMENT);
    EXPECT_EQ(svar_message_sender_publish(sender.get(), ninth), SVAR_OK);
    EXPECT_EQ(svar_message_sender_publish(sender.get(), ninth), SVAR_ERR_ARGUMENT) << "sent twice";
    svar_message_sender_release(sender.get(), &ninth); // not on loan: ignored
  });
}

TEST(Messages, AnExhaustedPoolIsSaidAndComesBack)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages, SVAR_MESSAGE_QUEUE_MAX, 0);
    Sender sender = MakeSender(messages, 4000); // of a pool of 20
    void *payload = nullptr;
    for (int i = 0; i < 20; i++) {
      ASSERT_EQ(svar_message_sender_loan(sender.get(), &payload), SVAR_OK) << svar_error_message();
      ASSERT_EQ(svar_message_sender_publish(sender.get(), payload), SVAR_OK);
    }
    EXPECT_EQ(svar_message_sender_loan(sender.get(), &payload), SVAR_ERR_NO_SPACE);
    EXPECT_TRUE(MessageSays("every chunk")) << svar_error_message();
    svar_message_t message = SVAR_MESSAGE_INIT;
    ASSERT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_OK);
    svar_message_receiver_release(receiver.get(), &message);
    EXPECT_EQ(svar_message_sender_loan(sender.get(), &payload), SVAR_OK);
  });
}

TEST(Messages, OfAnotherSizeOrOriginAreDroppedAndTheNextOneCounts)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages);
    Sender large = MakeSender(messages, 100);
    Sender right = MakeSender(messages);
    void *payload = nullptr;
    ASSERT_EQ(svar_message_sender_loan(large.get(), &payload), SVAR_OK);
    ASSERT_EQ(svar_message_sender_publish(large.get(), payload), SVAR_OK);
    stranger_send(kTopic, 1);
    stranger_send(kTopic, 40);
    ASSERT_EQ(Send(right, 42), SVAR_OK);
    svar_message_t message = SVAR_MESSAGE_INIT;
    EXPECT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_ERR_CORRUPT);
    EXPECT_TRUE(MessageSays("messages of 8 bytes are expected")) << svar_error_message();
    for (int i = 0; i < 2; i++) {
      EXPECT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_ERR_CORRUPT);
      EXPECT_TRUE(MessageSays("not sent by")) << svar_error_message();
    }
    EXPECT_EQ(message.payload, nullptr);
    EXPECT_EQ(Receive(receiver), 42u);
  });
}

TEST(Messages, AReceiverHoldsAtMostItsLimitAndGoesOnAfterwards)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages);
    Sender sender = MakeSender(messages);
    std::vector<svar_message_t> held(SVAR_MESSAGE_QUEUE_MAX + 1);
    for (svar_message_t &message : held) {
      ASSERT_EQ(Send(sender, 1), SVAR_OK);
      ASSERT_EQ(svar_message_receiver_take(receiver.get(), &message), SVAR_OK);
    }
    ASSERT_EQ(Send(sender, 2), SVAR_OK);
    svar_message_t extra = SVAR_MESSAGE_INIT;
    EXPECT_EQ(svar_message_receiver_take(receiver.get(), &extra), SVAR_ERR_STATE);
    for (svar_message_t &message : held) {
      svar_message_receiver_release(receiver.get(), &message);
    }
    ASSERT_EQ(Send(sender, 3), SVAR_OK);
    EXPECT_EQ(Receive(receiver), 3u);
  });
}

void
ExpectToWork(const Messages &messages)
{
  Receiver receiver = MakeReceiver(messages);
  Sender sender = MakeSender(messages);
  EXPECT_EQ(Send(sender, 7), SVAR_OK);
  EXPECT_EQ(Receive(receiver), 7u);
}

TEST(Messages, AreSharedByAllWhoJoinInWhateverOrderTheyLeave)
{
  Roudi roudi;
  InProcess([] {
    for (bool is_first_to_leave_first : {true, false}) {
      Messages first = Join("first"), second = Join("second");
      Sender sender = MakeSender(first);
      Receiver receiver = MakeReceiver(second);
      (is_first_to_leave_first ? first : second).reset();
      EXPECT_EQ(Send(sender, 1), SVAR_OK);
      EXPECT_EQ(Receive(receiver), 1u);
      ExpectToWork(is_first_to_leave_first ? second : first);
    }
    EXPECT_EQ(ResidueOf(getpid()), 2) << "one runtime has two files";
    EXPECT_EQ(ResidueOf(getpid(), "svar-first-"), 2) << "under the first one's name";
  });
}

TEST(Messages, OutliveTheLastWhoJoinedWhileASenderUsesThem)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    Sender left_over = MakeSender(messages);
    messages.reset();
    Messages again = Join();
    Receiver receiver = MakeReceiver(again);
    EXPECT_EQ(Send(left_over, 5), SVAR_OK);
    EXPECT_EQ(Receive(receiver), 5u);
    left_over.reset();
    ExpectToWork(again);
    again.reset();
    receiver.reset();
    ExpectToWork(Join()); // after all have left
  });
}

TEST(Messages, AreJoinedAndLeftBySeveralThreadsAtOnce)
{
  Roudi roudi;
  InProcess([] {
    std::atomic<int> arrived{0};
    auto join_and_leave = [&](const char *topic) {
      arrived++;
      while (arrived < 2) { // so that they also join first at once
      }
      for (uint64_t i = 1; i <= 300; i++) {
        Messages messages = Join();
        if (i % 30 == 0) { // RouDi takes its time to clear ports away
          Receiver receiver = MakeReceiver(messages, 1, sizeof i, topic);
          Sender sender = MakeSender(messages, sizeof i, topic);
          EXPECT_EQ(Send(sender, i), SVAR_OK);
          EXPECT_EQ(Receive(receiver), i);
        }
      }
    };
    std::thread other(join_and_leave, "/test/other");
    join_and_leave("/test/own");
    other.join();
    EXPECT_EQ(ResidueOf(getpid()), 2) << "one runtime has two files";
  });
}

TEST(Messages, AForkedChildIsToldThatItIsNotAMember)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    pid_t pid = fork();
    if (pid == 0) {
      svar_message_sender_t *sender = nullptr;
      svar_messages_t *own = nullptr;
      bool is_told =
          svar_message_sender_create(messages.get(), kTopic, 8, &sender) == SVAR_ERR_FORKED &&
          svar_messages_create("test", &own) == SVAR_ERR_FORKED;
      svar_messages_destroy(messages.release());
      _exit(is_told ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    Sender sender = MakeSender(messages); // the parent's membership is untouched
    EXPECT_EQ(Send(sender, 1), SVAR_OK);
  });
}

TEST(Messages, IceoryxsThreadsTakeNoSignalOfTheProcess)
{
  Roudi roudi;
  InProcess([] {
    Messages messages = Join();
    int others = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (dirent *entry = readdir(tasks)) {
      std::string task = entry->d_name;
      if (task[0] == '.' || task == std::to_string(getpid())) {
        continue;
      }
      others++;
      std::ifstream status("/proc/self/task/" + task + "/status");
      for (std::string line; std::getline(status, line);) {
        if (line.rfind("SigBlk:", 0) == 0) {
          uint64_t blocked = std::stoull(line.substr(7), nullptr, 16);
          EXPECT_TRUE(blocked & 1u << (SIGTERM - 1)) << line;
          EXPECT_TRUE(blocked & 1u << (SIGINT - 1)) << line;
        }
      }
    }
    closedir(tasks);
    EXPECT_GE(others, 1) << "the keep-alive thread";
  });
}

TEST(MessagesWhenRoudiDies, AnExistingPairGoesOnAndNewPortsAreRefused)
{
  Roudi roudi;
  Signal ready, dead;
  Child child = Process([&] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages);
    Sender sender = MakeSender(messages);
    EXPECT_EQ(Send(sender, 1), SVAR_OK);
    EXPECT_EQ(Receive(receiver), 1u);
    ready.raise();
    dead.wait();
    EXPECT_EQ(Send(sender, 2), SVAR_OK);
    EXPECT_EQ(Receive(receiver), 2u);
    svar_message_sender_t *late = nullptr;
    svar_message_receiver_t *deaf = nullptr;
    EXPECT_EQ(svar_messages_check(messages.get()), SVAR_ERR_NO_ROUDI);
    EXPECT_EQ(svar_message_sender_create(messages.get(), kTopic, 8, &late), SVAR_ERR_NO_ROUDI);
    EXPECT_EQ(svar_message_receiver_create(messages.get(), kTopic, 8, 1, &deaf), SVAR_ERR_NO_ROUDI);
    EXPECT_TRUE(MessageSays("creating a receiver on '/test/numbers'")) << svar_error_message();
  });
  ready.wait();
  roudi.Kill();
  auto begin = steady_clock::now();
  dead.raise();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_LT(steady_clock::now() - begin, seconds(2)) << "teardown and exit wait for nobody";
}

TEST(MessagesWhenRoudiDies, AFirstWaitIsRefused)
{
  Roudi roudi;
  Signal ready, dead;
  Child child = Process([&] {
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages);
    ready.raise();
    dead.wait();
    EXPECT_EQ(svar_message_receiver_wait(receiver.get(), kPatienceNs), SVAR_ERR_NO_ROUDI);
  });
  ready.wait();
  roudi.Kill();
  dead.raise();
  EXPECT_EQ(child.wait(), 0);
}

TEST(MessagesWhenRoudiIsRestarted, TheProcessIsToldToRestart)
{
  Roudi roudi;
  Signal joined, restarted;
  Child child = Process([&] {
    Messages messages = Join();
    joined.raise();
    restarted.wait();
    svar_message_sender_t *late = nullptr;
    EXPECT_EQ(svar_message_sender_create(messages.get(), kTopic, 8, &late), SVAR_ERR_STATE);
    EXPECT_TRUE(MessageSays("restart this process")) << svar_error_message();
    EXPECT_EQ(svar_messages_check(messages.get()), SVAR_ERR_STATE);
    messages.reset();
    svar_messages_t *again = nullptr;
    EXPECT_EQ(svar_messages_create("test", &again), SVAR_ERR_STATE);
  });
  joined.wait();
  roudi.Kill();
  roudi.Start();
  restarted.raise();
  EXPECT_EQ(child.wait(), 0);
}

TEST(MessagesWhenRoudiHangs, RequestsAndTheProcessEnd)
{
  Roudi roudi;
  auto begin = steady_clock::now();
  pid_t pid = InProcess([&] {
    Messages messages = Join();
    Sender sender = MakeSender(messages);
    EXPECT_EQ(svar_messages_check(messages.get()), SVAR_OK);
    roudi.Pause();
    svar_message_sender_t *late = nullptr;
    EXPECT_EQ(svar_message_sender_create(messages.get(), kTopic, 8, &late), SVAR_ERR_NO_ROUDI);
    EXPECT_TRUE(MessageSays("did not answer")) << svar_error_message();
    EXPECT_EQ(Send(sender, 1), SVAR_ERR_MESSAGES) << "a call into iceoryx might hang, too";
    EXPECT_EQ(svar_messages_check(messages.get()), SVAR_ERR_MESSAGES);
  });
  EXPECT_LT(steady_clock::now() - begin, seconds(20));
  EXPECT_EQ(ResidueOf(pid), 0);
}

TEST(MessagesWhenRoudiHangs, JoiningEnds)
{
  Roudi roudi;
  roudi.Pause();
  pid_t pid = InProcess([] {
    svar_messages_t *messages = nullptr;
    EXPECT_EQ(svar_messages_create("test", &messages), SVAR_ERR_NO_ROUDI);
    EXPECT_TRUE(MessageSays("did not answer")) << svar_error_message();
    EXPECT_EQ(svar_messages_create("test", &messages), SVAR_ERR_MESSAGES);
  });
  EXPECT_EQ(ResidueOf(pid), 0);
}

std::atomic<bool> is_stopping{false};

TEST(Messages, AProcessThatEndsOnSigtermLeavesNothing)
{
  Roudi roudi;
  Signal ready;
  Child child = Process([&] {
    signal(SIGTERM, [](int) { is_stopping = true; });
    Messages messages = Join();
    Receiver receiver = MakeReceiver(messages);
    Sender sender = MakeSender(messages);
    EXPECT_GT(ResidueOf(getpid()), 0) << "else this test looks in the wrong place";
    ready.raise();
    while (!is_stopping) {
      EXPECT_EQ(Send(sender, 1), SVAR_OK);
      EXPECT_EQ(Receive(receiver), 1u);
    }
  });
  ready.wait();
  pid_t pid = child.pid();
  kill(pid, SIGTERM);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(ResidueOf(pid), 0);
}

TEST(Messages, WhatAKilledProcessLeftIsRemovedByTheNextOne)
{
  Roudi roudi;
  Signal ready;
  Child killed = Process([&] {
    Messages messages = Join();
    ready.raise();
    pause();
  });
  Signal stop, joined;
  Child living = Process([&] {
    Messages messages = Join();
    joined.raise();
    stop.wait();
  });
  ready.wait();
  joined.wait();
  pid_t dead = killed.pid();
  killed.kill(SIGKILL);
  EXPECT_EQ(killed.wait(), 128 + SIGKILL);
  EXPECT_EQ(ResidueOf(dead), 2);
  InProcess([] { Join(); });
  EXPECT_EQ(ResidueOf(dead), 0);
  EXPECT_EQ(ResidueOf(living.pid()), 2) << "those of the living are not touched";
  stop.raise();
  EXPECT_EQ(living.wait(), 0);
}

} // namespace
