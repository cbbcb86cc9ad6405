/// Reads expert loads that a server counted.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "model/balance/expert_load.h"

namespace isobath {

/// Reads counts from a file of at most 64 MiB, of at most 1024 layers and 4096 experts, in one of these
/// forms:
///
///   SGLang's expert distribution   JSON {"logical_count": [layers][experts]}, or one such table per step,
///   which
///                                  are added up; other keys are left alone
///   our own                        JSON {"schema": 1, "source": "...", "layers": [[...], ...]}, with
///                                  "layer_ids" where the rows are not layers 0, 1, ...
///   long CSV                       layer,expert,count  a line each; what is not named counts nothing
///   wide CSV                       layer,e0,e1,...     a line per layer
///
/// Layers that count nothing (dense ones) are left out; layer_ids keeps the numbers of the others.
///
/// Throws SpecError "file: /path or line n: what is wrong; what is allowed": a table that is ragged, empty or
/// has one expert; a count that is no number from 0 to 1e18; a file that is neither JSON nor such a CSV.
ExpertLoad load_expert_load(const std::filesystem::path& file);

/// The same from a text; `shown` names it in messages.
ExpertLoad read_expert_load(std::string_view text, const std::string& shown);

/// Our own form.
std::string to_json_text(const ExpertLoad& load);

}  // namespace isobath
