/// Flags that several commands share, and help in one form.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/command.h"
#include "sim/scenario_reader.h"

namespace isobath::cli {

/// One command's flags: declare, parse, ask.
class Flags {
  public:
    /// `usage` is "run SCENARIO"; `example` must work as printed.
    Flags(std::string usage, std::string about, std::string example);

    Flags& option(const char* name, const char* help);  ///< a switch
    Flags& value(const char* name, const char* placeholder, const char* help);
    Flags& values(const char* name, const char* placeholder, const char* help);
    /// Words without a flag, by position; the last takes any number if `many`.
    Flags& positional(const char* name, bool many = false);
    Flags& common();     ///< --json, -o FILE, --data DIR
    Flags& overrides();  ///< --set path=value

    /// Parses; prints help and returns false if asked to. Throws SpecError on an unknown or wrong flag.
    bool parse(const Call& call);

    bool has(const std::string& name) const { return values_.count(name) > 0; }
    std::string text(const std::string& name, std::string otherwise = "") const;
    std::vector<std::string> list(const std::string& name) const;
    /// The word at its place. Throws SpecError naming it if it was left out.
    std::string word(const std::string& name) const;

    DataFiles data() const;
    std::vector<Override> set() const;

  private:
    std::string usage_, about_, example_;
    boost::program_options::options_description visible_, hidden_;
    boost::program_options::positional_options_description places_;
    boost::program_options::variables_map values_;
};

/// Writes to -o FILE (through a neighbouring file, so that none is ever half written), or to call.out.
void write_out(const Call& call, const Flags& flags, const std::string& text);
void write_file(const std::string& path, const std::string& text);

}  // namespace isobath::cli
