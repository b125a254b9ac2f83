// SPDX-License-Identifier: Apache-2.0
// DEL while overlayd is away: the interface is gone, the address must not be forgotten. What is written here
// overlayd frees when it is back, before it serves an ADD.
//
// Format, for whoever drains it: the directory `del-queue` beside overlayd's socket; one file for each
// attachment, named by 16 hexadecimal digits of its key and ".json", holding one overlay.v1.LeaseRequest as
// JSON:
//   {"network":"overlay","container":"0b5e…","interface":"eth0"}
// Files appear by rename, so what ends in ".json" is whole; other names are not to be read. After freeing,
// unlink.
#pragma once

#include <filesystem>
#include <string>

#include "cni-shim/attachment.h"
#include "overlay/base/result.h"

namespace overlay::cni {

class DelQueue {
 public:
  static constexpr std::size_t files_max = 1024;

  explicit DelQueue(const std::string& socket)
      : directory_(std::filesystem::path(socket).parent_path() / "del-queue") {}

  /// Adding what is there already changes nothing. Errc::exhausted at files_max, Errc::io when it cannot be
  /// written.
  [[nodiscard]] Status add(const Attachment& attachment) const;
  /// The attachment lives (again), or is freed: nobody shall free it later.
  /// True when it was there.
  bool remove(const Attachment& attachment) const;

 private:
  std::filesystem::path file_of(const Attachment& attachment) const;

  std::filesystem::path directory_;
};

}  // namespace overlay::cni
