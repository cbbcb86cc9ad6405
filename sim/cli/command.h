/// A sub-command: a name, the question it answers, and a function that owns its flags, help and exit code.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/data.h"

namespace isobath::cli {

enum ExitCode { kDone = 0, kBug = 1, kUserError = 2, kNoFit = 3 };

/// What a command may touch: its own words and where to write.
struct Call {
    std::vector<std::string> words;
    std::ostream& out;
    std::ostream& err;
    bool colour = false;  ///< `out` is a terminal and NO_COLOR is not set
};

struct Command {
    std::string_view name, question;
    int (*run)(const Call&);
};

std::span<const Command> commands();

/// Finds and runs a command; turns every exception into one line and its exit code.
int run_main(const std::vector<std::string>& words, std::ostream& out, std::ostream& err, bool colour);

int command_run(const Call&);
int command_explain(const Call&);
int command_compare(const Call&);
int command_curve(const Call&);
int command_serve(const Call&);
int command_balance(const Call&);
int command_speculate(const Call&);
int command_train(const Call&);
int command_sweep(const Call&);
int command_validate(const Call&);
int command_numerics(const Call&);
int command_calibrate(const Call&);
int command_plan(const Call&);
int command_presets(const Call&);
int command_schema(const Call&);

}  // namespace isobath::cli
