// Processes that hold or read a store with variables on a GPU, and do what the test tells them to, one thing at a time.
#ifndef TESTS_GPU_STORE_PROCESS_HPP
#define TESTS_GPU_STORE_PROCESS_HPP

#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

#include "gpu/stand_in.hpp"

namespace svar_test
{

/// What is said over a pair of sockets.
class Words
{
public:
  Words()
  {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0);
  }
  ~Words()
  {
    close(ends_[0]);
    close(ends_[1]);
  }
  /// This process is at that end: so the other notices its death.
  void stay_at(int end)
  {
    close(ends_[1 - end]);
    ends_[1 - end] = -1;
  }
  Words(const Words &) = delete;
  Words &operator=(const Words &) = delete;
  void say(int end, const std::string &text) const
  {
    const size_t size = text.size();
    ssize_t sent = send(ends_[end], &size, sizeof(size), MSG_NOSIGNAL);
    for (size_t done = 0; done < size && sent > 0; done += size_t(sent)) {
      sent = send(ends_[end], text.data() + done, size - done, MSG_NOSIGNAL);
    }
    EXPECT_GT(sent, 0) << "the other process has ended";
  }
  /// Empty: the other end is gone.
  std::string hear(int end) const
  {
    size_t size = 0;
    if (recv(ends_[end], &size, sizeof(size), MSG_WAITALL) != ssize_t(sizeof(size))) {
      return "";
    }
    std::string text(size, '\0');
    EXPECT_EQ(recv(ends_[end], text.data(), size, MSG_WAITALL), ssize_t(size));
    return text;
  }

private:
  int ends_[2];
};

/// A process and its handle of the store "/gpu". Every call returns when it has been done there, and what fails
/// there, fails the test.
class StoreProcess
{
public:
  using Floats = std::vector<float>;
  using Environment = std::map<std::string, std::string>;

  explicit StoreProcess(const Environment &environment = {}, uid_t user = 0)
      : child_([this, environment, user] { return Work(environment, user); })
  {
    words_.stay_at(0);
  }

  // --- holders
  void Hold(const char *name, const Floats &values, int32_t gpu = 0)
  {
    Resume();
    Add(name, values, gpu);
  }
  void HoldWithoutService(const char *name, const Floats &values)
  {
    Do('H');
    Add(name, values);
  }
  /// Creates the store, for readers of that group too, or takes over what there is.
  void Resume(const char *group = "")
  {
    Do('h', group);
  }
  void Add(const char *name, const Floats &values, int32_t gpu = 0)
  {
    Do('a', name, values, gpu);
  }
  void AddStrict(const char *name, const Floats &values)
  {
    Do('A', name, values);
  }
  void HoldOnHost(const char *name, const Floats &values)
  {
    if (!holds_) {
      Resume();
    }
    Do('a', name, values, -1);
  }
  void Set(const char *name, const Floats &values)
  {
    Do('s', name, values);
  }
  /// Unsetting it fails with that code, and its sentence says `text`.
  void ExpectFailureToUnset(const char *name, svar_ret_t ret, const std::string &text)
  {
    const std::string sentence = Do('U', name, {}, ret);
    EXPECT_NE(sentence.find(text), std::string::npos) << sentence;
  }
  /// Sets both to one number after the other, together, until EndSetting().
  void BeginSetting(const char *name, const char *other)
  {
    Do('b', std::string(name) + " " + other);
  }
  void EndSetting()
  {
    Do('e');
  }
  bool Holds() const
  {
    return holds_;
  }
  void Remove()
  {
    Do('x');
  }
  void Kill()
  {
    child_.kill(SIGKILL);
    ExpectKilled();
  }
  /// These are killed at work, by themselves.
  void DieResuming()
  {
    Tell('h');
    ExpectKilled();
  }
  void DieAdding(const char *name, const Floats &values, int32_t gpu)
  {
    Tell('a', name, values, gpu);
    ExpectKilled();
  }
  void DieSetting(const char *name, const Floats &values)
  {
    Tell('s', name, values);
    ExpectKilled();
  }

  // --- those who set from outside
  void SetFromOutside(const char *name, const Floats &values)
  {
    Do('t', name, values);
  }
  /// The same value as int8, which is converted.
  void SetBytesFromOutside(const char *name, const Floats &values)
  {
    Do('T', name, values);
  }
  /// It fails with that code, and its sentence says `text`.
  void ExpectRefusalFromOutside(const char *name, const Floats &values, svar_ret_t ret,
                                const std::string &text)
  {
    const std::string sentence = Do('F', name, values, ret);
    EXPECT_NE(sentence.find(text), std::string::npos) << sentence;
  }

  // --- readers
  void Open()
  {
    Do('o');
  }
  void OpenOf(uid_t owner)
  {
    Do('O', "", {}, int32_t(owner));
  }
  Floats Read(const char *name)
  {
    return FloatsOf(Do('r', name));
  }
  /// Reading fails with that code, and its sentence says `text`.
  void ExpectFailure(const char *name, svar_ret_t ret, const std::string &text)
  {
    const std::string sentence = Do('f', name, {}, ret);
    EXPECT_NE(sentence.find(text), std::string::npos) << sentence;
  }
  /// Keeps a view, which Viewed() reads.
  void View(const char *name)
  {
    Do('v', name);
  }
  Floats Viewed()
  {
    return FloatsOf(Do('V'));
  }
  void Release()
  {
    Do('R');
  }
  std::vector<Floats> ReadTogether(const char *name, const char *other)
  {
    BeginSnapshot();
    std::vector<Floats> both = {ReadInSnapshot(name), ReadInSnapshot(other)};
    EndSnapshot();
    return both;
  }
  void BeginSnapshot()
  {
    Do('(');
  }
  Floats ReadInSnapshot(const char *name)
  {
    return FloatsOf(Do('.', name));
  }
  void EndSnapshot()
  {
    Do(')');
  }
  /// Snapshots of four threads at once, in each of which both are the same.
  void ReadByThreads(const char *name, const char *other)
  {
    Do('p', std::string(name) + " " + other);
  }
  /// What the process has of the driver.
  size_t Live()
  {
    return std::stoul(Do('l'));
  }
  /// How many descriptors it has; on a GPU 0, for the driver opens some when it likes.
  size_t Descriptors()
  {
    return std::stoul(Do('d'));
  }

private:
  // --- in the test's process

  struct Task {
    char what;
    int32_t number;
    char name[64];
  };

  void ExpectKilled()
  {
    EXPECT_EQ(child_.wait(), 128 + SIGKILL);
  }
  void Tell(char what, const std::string &name = "", const Floats &values = {}, int32_t number = 0)
  {
    Task task = {what, number, ""};
    holds_ |= what == 'h' || what == 'H';
    snprintf(task.name, sizeof(task.name), "%s", name.c_str());
    words_.say(0, std::string(reinterpret_cast<const char *>(&task), sizeof(task)) + Bytes(values));
  }
  std::string Do(char what, const std::string &name = "", const Floats &values = {},
                 int32_t number = 0)
  {
    Tell(what, name, values, number);
    std::string answer = words_.hear(0);
    EXPECT_EQ(answer.substr(0, 1), "+") << what << " " << name << ": " << answer;
    return answer.empty() ? "" : answer.substr(1);
  }
  static std::string Bytes(const Floats &values)
  {
    return std::string(reinterpret_cast<const char *>(values.data()),
                       values.size() * sizeof(float));
  }
  static Floats FloatsOf(const std::string &bytes)
  {
    Floats values(bytes.size() / sizeof(float));
    if (!values.empty()) { // memcpy() takes no NULL
      memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    }
    return values;
  }

  // --- in the process of its own

  int Work(const Environment &environment, uid_t user)
  {
    words_.stay_at(1);
    alarm(120); // an orphan ends, too
    use_stand_in();
    for (const auto &[name, value] : environment) {
      setenv(name.c_str(), value.c_str(), 1);
    }
    if (user != 0) {
      EXPECT_EQ(setgid(user), 0);
      EXPECT_EQ(setuid(user), 0);
    }
    for (std::string text = words_.hear(1); text.size() >= sizeof(Task); text = words_.hear(1)) {
      Task task;
      memcpy(&task, text.data(), sizeof(task));
      std::string answer;
      svar_ret_t ret = Obey(task, FloatsOf(text.substr(sizeof(task))), &answer);
      words_.say(1, ret == SVAR_OK ? "+" + answer : std::string("-") + svar_error_message());
    }
    return 0;
  }

  svar_ret_t Obey(const Task &task, const Floats &values, std::string *out_answer)
  {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    switch (task.what) {
    case 'H':
      options.no_service = true;
      [[fallthrough]];
    case 'h':
      options.group = task.name[0] != '\0' ? task.name : nullptr;
      options.settable = "*";
      return svar_store_create("/gpu", &options, &store_);
    case 'O':
      options.owner = uid_t(task.number);
      [[fallthrough]];
    case 'o':
      variables_.clear();
      return svar_store_open("/gpu", &options, &store_);
    case 'a':
    case 'A':
      return Make(task, values);
    case 's':
      return SetOwn(task.name, values);
    case 'U':
      return Expect(task, svar_set_value(Found(task.name), svar_none(), SVAR_COPY), out_answer);
    case 't':
      return SetOutside<float>(task.name, values);
    case 'T':
      return SetOutside<int8_t>(task.name, values);
    case 'F':
      return Expect(task, SetOutside<float>(task.name, values), out_answer);
    case 'b':
      return Begin(task.name);
    case 'e':
      is_setting_ = false;
      setter_.join();
      return SVAR_OK;
    case 'x':
      return svar_store_remove(store_);
    case 'r':
      return Copy(task.name, out_answer);
    case 'f':
      return Fail(task, out_answer);
    case 'v':
      return svar_get_device_view(Found(task.name), &view_);
    case 'V':
      return Fetch(view_, out_answer);
    case 'R':
      svar_value_release(&view_);
      return SVAR_OK;
    case '(':
      return svar_snapshot_begin(store_, &snapshot_);
    case '.':
      return CopyInSnapshot(task.name, out_answer);
    case ')':
      svar_snapshot_end(&snapshot_);
      return SVAR_OK;
    case 'p':
      return ReadAtOnce(task.name);
    case 'l':
      *out_answer = std::to_string(stand_in().live());
      return SVAR_OK;
    case 'd':
      *out_answer = std::to_string(is_on_gpu() ? 0 : CountFiles("/proc/self/fd"));
      return SVAR_OK;
    default:
      return SVAR_ERR_ARGUMENT;
    }
  }

  static size_t CountFiles(const char *path)
  {
    using Files = std::filesystem::directory_iterator;
    return size_t(std::distance(Files(path), Files()));
  }

  svar_ret_t Make(const Task &task, const Floats &values)
  {
    svar_variable_t *variable = nullptr;
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    Array<float> array(values);
    options.store = store_;
    options.name = task.name;
    options.strict = task.what == 'A';
    options.target = task.number < 0 ? SVAR_TARGET_HOST : SVAR_TARGET_GPU;
    options.gpu = task.number < 0 ? 0 : task.number;
    SVAR_TRY(svar_shared(array.source(), &options, &variable));
    variables_[task.name] = variable;
    return SVAR_OK;
  }

  svar_variable_t *Found(const std::string &name)
  {
    svar_variable_t *&variable = variables_[name];
    if (variable == nullptr) {
      EXPECT_SVAR_OK(svar_store_find(store_, name.c_str(), &variable));
    }
    return variable;
  }

  svar_ret_t SetOwn(const char *name, const Floats &values)
  {
    Array<float> array(values);
    return svar_set_value(Found(name), array.source(), SVAR_COPY);
  }

  template <typename T> static svar_ret_t SetOutside(const char *name, const Floats &values)
  {
    Array<T> array(std::vector<T>(values.begin(), values.end()));
    svar_remote_t *remote = nullptr;
    SVAR_TRY(svar_remote_open("/gpu", nullptr, &remote));
    svar_ret_t ret = svar_remote_set(remote, name, array.source(), nullptr);
    svar_remote_close(remote);
    return ret;
  }

  using Pair = std::array<svar_variable_t *, 2>;

  Pair FoundBoth(const std::string &names)
  {
    const size_t space = names.find(' ');
    return {Found(names.substr(0, space)), Found(names.substr(space + 1))};
  }

  svar_ret_t Begin(const std::string &names)
  {
    const Pair pair = FoundBoth(names);
    is_setting_ = true;
    setter_ = std::thread([this, pair] {
      for (float x = 0; is_setting_; x++) {
        EXPECT_SVAR_OK(SetBoth(pair, x));
      }
    });
    return SVAR_OK;
  }

  svar_ret_t ReadAtOnce(const std::string &names)
  {
    const Pair pair = FoundBoth(names);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++) {
      threads.emplace_back([this, pair, &wrong] {
        for (int k = 0; k < 50; k++) {
          wrong += !IsSameInSnapshot(pair);
        }
      });
    }
    for (std::thread &thread : threads) {
      thread.join();
    }
    return wrong == 0 ? SVAR_OK
                      : svar_fail(SVAR_ERR_STATE, "%d snapshots were wrong", wrong.load());
  }

  bool IsSameInSnapshot(const Pair &pair) const
  {
    svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
    std::string bytes[2];
    EXPECT_SVAR_OK(svar_snapshot_begin(store_, &snapshot));
    for (int i = 0; i < 2; i++) {
      svar_value_t value = SVAR_VALUE_INIT;
      EXPECT_SVAR_OK(svar_snapshot_copy(&snapshot, pair[i], &value));
      Take(&value, &bytes[i]);
    }
    svar_snapshot_end(&snapshot);
    return bytes[0] == bytes[1] && bytes[0] != "";
  }

  svar_ret_t SetBoth(const Pair &pair, float x)
  {
    Array<float> array(Floats{x});
    svar_transaction_t *transaction;
    SVAR_TRY(svar_transaction_begin(store_, &transaction));
    EXPECT_SVAR_OK(svar_transaction_set(transaction, pair[0], array.source()));
    EXPECT_SVAR_OK(svar_transaction_set(transaction, pair[1], array.source()));
    return svar_transaction_commit(transaction, nullptr);
  }

  static void Take(svar_value_t *value, std::string *out_bytes)
  {
    *out_bytes =
        std::string(static_cast<const char *>(value->tensor.data), svar_value_bytes(value));
    svar_value_release(value);
  }

  svar_ret_t Copy(const char *name, std::string *out_bytes)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    SVAR_TRY(svar_get_value(Found(name), SVAR_COPY, &value));
    Take(&value, out_bytes);
    return SVAR_OK;
  }

  svar_ret_t CopyInSnapshot(const char *name, std::string *out_bytes)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    SVAR_TRY(svar_snapshot_copy(&snapshot_, Found(name), &value));
    Take(&value, out_bytes);
    return SVAR_OK;
  }

  // Of a view that is kept: by the driver alone, as its user would.
  static svar_ret_t Fetch(const svar_value_t &view, std::string *out_bytes)
  {
    svari_device_t *device = nullptr;
    svari_stream_t stream = {};
    out_bytes->assign(svar_value_bytes(&view), '\0');
    SVAR_TRY(svari_device_open(view.tensor.device.device_id, nullptr, &device));
    SVAR_TRY(svari_stream_init(&stream, device));
    EXPECT_SVAR_OK(svari_stream_to_host(
        &stream, out_bytes->data(),
        static_cast<svari_cu_address_t>(reinterpret_cast<uintptr_t>(view.tensor.data)),
        out_bytes->size()));
    svar_ret_t ret = svari_stream_synchronize(&stream);
    svari_stream_fini(&stream);
    svari_device_close(device);
    return ret;
  }

  svar_ret_t Fail(const Task &task, std::string *out_sentence)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    return Expect(task, svar_get_value(Found(task.name), SVAR_COPY, &value), out_sentence);
  }

  static svar_ret_t Expect(const Task &task, svar_ret_t ret, std::string *out_sentence)
  {
    if (ret != task.number) {
      return ret == SVAR_OK ? svar_fail(SVAR_ERR_STATE, "it succeeds") : ret;
    }
    *out_sentence = svar_error_message();
    return SVAR_OK;
  }

  Words words_;
  bool holds_ = false;
  // The process's own; its end takes them along.
  svar_store_t *store_ = nullptr;
  std::map<std::string, svar_variable_t *> variables_;
  svar_value_t view_ = SVAR_VALUE_INIT;
  svar_snapshot_t snapshot_ = SVAR_SNAPSHOT_INIT;
  std::thread setter_;
  std::atomic<bool> is_setting_ = false;
  Child child_; // last: it is this object as it is now
};

} // namespace svar_test

#endif
