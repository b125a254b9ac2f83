// SPDX-License-Identifier: Apache-2.0
// The stop-watch of bench/cni: a container runtime that only runs plugins and tells what each run took. Small
// and static, so that what it adds is the same few hundred microseconds of starting a process for every
// plugin.
//
//   cni_clock PARALLEL      stdin: one run a line, CLASS HOST-NETNS PROGRAM COMMAND CONTAINER NETNS
//   CONFIGURATION CLASS, then microseconds, kB of resident memory, exit status      a line for each run on
//   stdout, as they end all MICROSECONDS                                                  the last line
// At most PARALLEL run at a time. Paths; what a plugin prints is thrown away.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace {

constexpr int parallel_max = 64;
constexpr std::size_t word_max = 256;

struct Run {
  char label[word_max], host[word_max], program[word_max], command[word_max], container[word_max],
      netns[word_max], configuration[word_max];
  pid_t pid = 0;
  long long begun = 0;
};

long long now_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::_Exit(125);
}

/// What the kernel must not count as the plugin's is done before the clock starts: the host's namespace, the
/// files.
void start(Run& run) {
  const int host = ::open(run.host, O_RDONLY | O_CLOEXEC);
  if (host < 0 || ::setns(host, CLONE_NEWNET) < 0) die(run.host);
  const int input = ::open(run.configuration, O_RDONLY | O_CLOEXEC);
  const int output = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (input < 0 || output < 0) die(run.configuration);
  ::setenv("CNI_COMMAND", run.command, 1);
  ::setenv("CNI_CONTAINERID", run.container, 1);
  ::setenv("CNI_NETNS", run.netns, 1);
  run.begun = now_us();
  run.pid = ::vfork();
  if (run.pid == 0) {
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::execl(run.program, run.program, nullptr);
    ::_exit(126);
  }
  for (const int fd : {host, input, output}) ::close(fd);
}

void reap(Run* runs) {
  int status = 0;
  rusage used{};
  const pid_t pid = ::wait4(-1, &status, 0, &used);
  const long long ended = now_us();
  if (pid < 0) die("wait");
  for (int i = 0; i < parallel_max; ++i) {
    if (runs[i].pid != pid) continue;
    runs[i].pid = 0;
    std::printf("%s %lld %ld %d\n", runs[i].label, ended - runs[i].begun, used.ru_maxrss, status);
  }
}

}  // namespace

int main(int argc, char** argv) {
  static Run runs[parallel_max];
  const int parallel = argc > 1 ? std::atoi(argv[1]) : 1;
  ::setenv("CNI_IFNAME", "eth0", 1);
  int running = 0;
  const long long begun = now_us();
  for (Run next; std::scanf("%255s %255s %255s %255s %255s %255s %255s", next.label, next.host, next.program,
                            next.command, next.container, next.netns, next.configuration) == 7;) {
    if (running == parallel) reap(runs), --running;
    Run* free = runs;
    while (free->pid != 0) ++free;
    *free = next;
    start(*free);
    ++running;
  }
  for (; running > 0; --running) reap(runs);
  std::printf("all %lld\n", now_us() - begun);
}
