// SPDX-License-Identifier: Apache-2.0
#include "overlay/control/figures.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <variant>

#include "overlay/plan/objects.h"

namespace overlay::control {

namespace {

using prometheus::BuildCounter;
using prometheus::BuildHistogram;
using prometheus::Histogram;

/// From a write that stays in memory to a runtime's patience.
const Histogram::BucketBoundaries short_times{0.0001, 0.001, 0.01, 0.1, 1};
const Histogram::BucketBoundaries long_times{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 10};

std::string level_of(const node::Event& event) {
  switch (event.level) {
    case node::Event::Level::error:
      return "error";
    case node::Event::Level::warning:
      return "warning";
    case node::Event::Level::info:
      break;
  }
  return "info";
}

}  // namespace

struct Figures::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& events = BuildCounter()
                                                        .Name("overlay_events_total")
                                                        .Help("Changes, as overlayctl events tells them.")
                                                        .Register(registry);
  prometheus::Family<Histogram>& cni = BuildHistogram()
                                           .Name("overlay_cni_seconds")
                                           .Help("Calls of the CNI plugin, from arrival to answer.")
                                           .Register(registry);
  prometheus::Family<prometheus::Counter>& cni_failures =
      BuildCounter()
          .Name("overlay_cni_failures_total")
          .Help("Calls of the CNI plugin that were refused.")
          .Register(registry);
  Histogram& passes = BuildHistogram()
                          .Name("overlay_kernel_pass_seconds")
                          .Help("Passes that compare the kernel with what is wanted.")
                          .Register(registry)
                          .Add({}, short_times);
  prometheus::Counter& pass_failures = BuildCounter()
                                           .Name("overlay_kernel_pass_failures_total")
                                           .Help("Passes that did not bring the kernel to what is wanted.")
                                           .Register(registry)
                                           .Add({});
  prometheus::Counter& operations = BuildCounter()
                                        .Name("overlay_kernel_operations_total")
                                        .Help("Kernel objects added, changed or removed.")
                                        .Register(registry)
                                        .Add({});
  prometheus::Family<prometheus::Counter>& repairs =
      BuildCounter()
          .Name("overlay_kernel_repairs_total")
          .Help("Kernel objects that somebody had changed or removed, and that were put back.")
          .Register(registry);
  Histogram& log = BuildHistogram()
                       .Name("overlay_log_write_seconds")
                       .Help("Writes of the state log, until they are as durable as they must be.")
                       .Register(registry)
                       .Add({}, short_times);
};

Figures::Figures() : impl_(std::make_unique<Impl>()) {
  // There from the start, so that a rate has a zero to begin at.
  for (const char* call : {"add", "del", "check", "gc"}) {
    impl_->cni.Add({{"call", call}}, long_times);
    impl_->cni_failures.Add({{"call", call}});
  }
  const auto begin = [this]<class... Kinds>(const std::variant<Kinds...>*) {
    (impl_->repairs.Add({{"object", std::string(Kinds::kind)}}), ...);
  };
  begin(static_cast<const plan::Object*>(nullptr));
}

Figures& Figures::instance() {
  static Figures figures;
  return figures;
}

void Figures::count(const node::Event& event) {
  impl_->events.Add({{"kind", event.kind}, {"level", level_of(event)}}).Increment();
}

void Figures::cni_answered(const std::string& call, bool done, Seconds took) {
  impl_->cni.Add({{"call", call}}, long_times).Observe(took.count());
  if (!done) impl_->cni_failures.Add({{"call", call}}).Increment();
}

void Figures::kernel_passed(bool done, Seconds took, std::uint64_t operations) {
  impl_->passes.Observe(took.count());
  impl_->operations.Increment(static_cast<double>(operations));
  if (!done) impl_->pass_failures.Increment();
}

void Figures::kernel_repaired(const std::string& object, int count) {
  impl_->repairs.Add({{"object", object}}).Increment(count);
}

void Figures::log_written(Seconds took) { impl_->log.Observe(took.count()); }

std::vector<prometheus::MetricFamily> Figures::collect() const { return impl_->registry.Collect(); }

}  // namespace overlay::control
