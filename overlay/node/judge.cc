// SPDX-License-Identifier: Apache-2.0
#include "overlay/node/judge.h"

#include "overlay/node/forks.h"

namespace overlay::node {

std::optional<std::uint32_t> seat_of(const Context& context, const Prefix& prefix) {
  for (const ipam::Space& space : context.spaces()) {
    if (!space.pool.contains(prefix)) continue;
    const std::uint32_t seat = ipam::seat_of(space, prefix);
    if (ipam::slice_of(space, seat).contains(prefix)) return seat;
  }
  return std::nullopt;
}

bool is_assigned(const Context& context, const ipam::BlockRecord& block) {
  const auto& assigned = context.chain->assigned();
  const auto found = assigned.find(block.prefix);
  return found != assigned.end() && block.state == ipam::BlockState::owned &&
         found->second.owner == block.owner && found->second.index <= block.epoch.term;
}

Result<wire::Statement> read_release(const Context& context, const ipam::BlockRecord& block) {
  OVERLAY_TRY(wire::Statement statement,
              wire::open_statement(block.release, wire::everybody, context.chain->cluster()));
  const auto* release = std::get_if<wire::Release>(&statement.body);
  if (release == nullptr || release->prefix != block.prefix || release->epoch >= block.epoch) {
    return fail(Errc::invalid, "a release that is not of block " + block.prefix.text());
  }
  return statement;
}

Status judge(const Context& context, const wire::Record& record) {
  if (const auto* fork = std::get_if<wire::ForkRecord>(&record.body)) return judge(context, *fork);
  const auto* block = std::get_if<ipam::BlockRecord>(&record.body);
  if (block == nullptr) return {};
  const consensus::Chain& chain = *context.chain;
  const std::string what = "a record of block " + block->prefix.text();
  const bool overtaken = block->epoch.term < chain.term() && !chain.has(block->epoch.term);
  if (overtaken) return fail(Errc::exists, what + " of before a recovery");
  if (block->epoch.term > chain.term()) {
    return fail(Errc::unavailable, what + " made under decree " + std::to_string(block->epoch.term) +
                                       ", which has not come yet");
  }
  if (chain.holder(block->seat, block->epoch.term) != record.author) {
    return fail(Errc::invalid, what + " signed by " +
                                   context.mesh->name_of(hash_id<NodeId>(record.author.view())) +
                                   ", which does not hold seat " + std::to_string(block->seat));
  }
  if (seat_of(context, block->prefix) != block->seat) {
    return fail(Errc::invalid, what + ", which is not in the space of seat " + std::to_string(block->seat));
  }
  if (!block->release.empty()) OVERLAY_CHECK(read_release(context, *block));
  return {};
}

}  // namespace overlay::node
