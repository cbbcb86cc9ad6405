/// The single rules of the linter (lint.h says what each means).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/calibrate/lint.h"

namespace isobath::lint {

using Findings = std::vector<LintFinding>;

void report(Findings& out, const SiliconTable& table, const SiliconRow& row, const char* rule,
            std::string what, bool left_out = true);

/// The row's fields joined, but for who measured, what came out and `skipped`: rows that agree are
/// comparable.
std::string fields_but(const SiliconRow& row, std::span<const std::string_view> skipped);

void roofline(const SiliconTable& table, const GpuSpec& gpu, Findings& out);
void falls(const SiliconTable& table, Findings& out);
void wider_faster(const SiliconTable& table, const GpuSpec& gpu, Findings& out);
void given_twice(const SiliconTable& table, Findings& out);
void other_device(const SiliconTable& table, Findings& out);
void host_bound(const SiliconTable& table, Findings& out);
void draws_differ(const SiliconTable& table, Findings& out);
void same_numbers(std::span<const SiliconTable> tables, Findings& out);

}  // namespace isobath::lint
