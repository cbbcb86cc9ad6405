/// Where NVTX and CUPTI meet inside the watched program: the ranges that are open on each thread.
#pragma once

#include <atomic>
#include <string_view>

#include "hw/units.h"
#include "profiler/attach/kernel_record.h"
#include "profiler/attach/range_table.h"

namespace isobath::attach {

/// What all threads share; made once and never destroyed, because threads outlive static objects.
RangeTable& range_table();

int push_range(const void* domain, std::string_view domain_name, std::string_view text);
int pop_range(const void* domain);
/// The calling thread's innermost range that names a shape; 0: none.
RangeId current_range();

/// Called at the first range of the process that names a shape; the default does nothing.
void on_first_range(void (*call)());
/// Time that the program's own threads spent at the ends of ranges.
Seconds time_in_ranges();

}  // namespace isobath::attach
