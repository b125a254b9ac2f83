// SPDX-License-Identifier: Apache-2.0
#include "cni-shim/del_queue.h"

#include <unistd.h>

#include <fstream>

namespace overlay::cni {
namespace {

namespace fs = std::filesystem;

Error cannot_write(const fs::path& path, const std::string& why) {
  return fail(Errc::io,
              "overlayd is away and its freed addresses cannot be noted in " + path.string() + ": " + why);
}

std::size_t count_files(const fs::path& directory) {
  std::error_code error;
  std::size_t count = 0;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) ++count;
  return count;
}

}  // namespace

fs::path DelQueue::file_of(const Attachment& attachment) const {
  return directory_ / (digest(attachment) + ".json");
}

Status DelQueue::add(const Attachment& attachment) const {
  const fs::path file = file_of(attachment);
  std::error_code error;
  if (fs::exists(file, error)) return {};
  fs::create_directories(directory_, error);
  if (error) return cannot_write(directory_, error.message());
  if (count_files(directory_) >= files_max) {
    return fail(Errc::exhausted, std::to_string(files_max) + " deletions wait in " + directory_.string() +
                                     " already: start overlayd, it frees them");
  }
  // Without fsync: it lies in /run, and after a reboot no attachment is left to free.
  const fs::path temporary = directory_ / ("." + digest(attachment) + "." + std::to_string(::getpid()));
  std::ofstream out(temporary);
  out << to_json(attachment) << '\n';
  out.close();
  if (out.fail()) return cannot_write(temporary, "is the file system full");
  fs::rename(temporary, file, error);
  if (error) return cannot_write(file, error.message());
  return {};
}

bool DelQueue::remove(const Attachment& attachment) const {
  return ::unlink(file_of(attachment).c_str()) == 0;
}

}  // namespace overlay::cni
