// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <google/protobuf/struct.pb.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "overlay/control/json.h"
#include "overlay/doctor/gather.h"

namespace overlay::doctor {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* own_configuration = "10-overlay.conflist";
constexpr std::size_t trials = 5;

/// A file that is gone with the object.
class TrialFile {
 public:
  explicit TrialFile(const fs::path& directory)
      : path_(directory / (".doctor-" + std::to_string(::getpid()))),
        fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}
  ~TrialFile() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  TrialFile(const TrialFile&) = delete;
  TrialFile& operator=(const TrialFile&) = delete;

  bool write_durably() const {
    const std::array<char, 512> some{};
    return fd_ >= 0 && ::write(fd_, some.data(), some.size()) == static_cast<ssize_t>(some.size()) &&
           ::fdatasync(fd_) == 0;
  }

 private:
  fs::path path_;
  int fd_;
};

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// What of a manager is there while it runs, and where a file tells it of us.
struct ManagerFiles {
  const char* name;
  const char* running;
  std::vector<const char*> told;
};

}  // namespace

Result<Disk> try_disk(const fs::path& directory) {
  const auto failed = [&] {
    return overlay::fail(Errc::io, directory.string() + ": " + std::strerror(errno));
  };
  struct statvfs room {};
  if (::statvfs(directory.c_str(), &room) != 0) return failed();
  const TrialFile file(directory);
  std::array<std::chrono::microseconds, trials> times{};
  for (auto& time : times) {
    const auto begun = Clock::now();
    if (!file.write_durably()) return failed();
    time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
  }
  std::ranges::sort(times);
  return Disk{std::uint64_t{room.f_bavail} * room.f_frsize, times[trials / 2]};
}

Cni look_at_cni(const Places& places) {
  Cni out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(places.cni_conf_dir, error)) {
    const auto extension = entry.path().extension();
    if (extension == ".conf" || extension == ".conflist" || extension == ".json") {
      out.configurations.push_back(entry.path().filename().string());
    }
  }
  std::ranges::sort(out.configurations);
  out.plugin = ::access((places.cni_bin_dir / "overlay").c_str(), X_OK) == 0;
  const auto ours = places.cni_conf_dir / own_configuration;
  if (!is_there(ours)) return out;
  const auto read = control::from_json<google::protobuf::Struct>(content_of(ours));
  if (!read) {
    out.fault = "it is no JSON";
  } else if (!read->fields().contains("plugins")) {
    out.fault = "it lists no plugins";
  }
  return out;
}

std::vector<Manager> find_managers(const fs::path& root) {
  const ManagerFiles known[] = {
      {"systemd-networkd",
       "run/systemd/netif/state",
       {"usr/lib/systemd/network/10-overlay.network", "usr/local/lib/systemd/network/10-overlay.network",
        "etc/systemd/network/10-overlay.network"}},
      {"NetworkManager",
       "run/NetworkManager/devices",
       {"usr/lib/NetworkManager/conf.d/10-overlay.conf", "etc/NetworkManager/conf.d/10-overlay.conf"}},
  };
  std::vector<Manager> out;
  for (const auto& manager : known) {
    if (!is_there(root / manager.running)) continue;
    const bool told =
        std::ranges::any_of(manager.told, [&](const char* file) { return is_there(root / file); });
    out.push_back({manager.name, told});
  }
  return out;
}

}  // namespace overlay::doctor
