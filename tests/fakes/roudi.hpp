// RouDi, iceoryx's daemon, for the length of a test. A machine holds one: programs that use it take turns, unless each
// has a machine of its own, as ctest gives it (fakes/apart).
#ifndef TESTS_FAKES_ROUDI_HPP
#define TESTS_FAKES_ROUDI_HPP

#include <sys/types.h>

#include <memory>
#include <string>

/// Holds the machine's turn, so that test programs of several builds may run at once. Fails the test
/// if somebody else's RouDi runs all the same.
class RoudiTurn
{
public:
  RoudiTurn();
  ~RoudiTurn();
  RoudiTurn(const RoudiTurn &) = delete;
  RoudiTurn &operator=(const RoudiTurn &) = delete;

private:
  int fd_;
};

/// Starts iox-roudi with pools of 128 B and 4 KiB chunks and waits until it answers.
class Roudi
{
public:
  Roudi();
  /// For who holds the machine's turn already.
  struct WithinTurn {
  };
  explicit Roudi(WithinTurn);
  ~Roudi();
  Roudi(const Roudi &) = delete;
  Roudi &operator=(const Roudi &) = delete;

  /// As a crash does, but at a moment when it holds no lock of a port, which would never be free again.
  void Kill();
  void Start();            ///< again, after Kill()
  void Pause() const;      ///< hangs from now on, until the end
  std::string Log() const; ///< all that it has said

private:
  std::string LogPath() const;

  std::unique_ptr<RoudiTurn> turn_;
  std::string config_;
  pid_t pid_ = -1;
};

#endif
