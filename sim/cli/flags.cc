#include "sim/cli/flags.h"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>

#include "hw/text.h"
#include "hw/whole_file.h"
#include "sim/launch/launch.h"

namespace isobath::cli {

namespace po = boost::program_options;

Flags::Flags(std::string usage, std::string about, std::string example)
    : usage_(std::move(usage)),
      about_(std::move(about)),
      example_(std::move(example)),
      visible_("Options", 100, 50) {
    visible_.add_options()("help,h", "show this");
}

Flags& Flags::option(const char* name, const char* help) {
    visible_.add_options()(name, help);
    return *this;
}

Flags& Flags::value(const char* name, const char* placeholder, const char* help) {
    visible_.add_options()(name, po::value<std::string>()->value_name(placeholder), help);
    return *this;
}

Flags& Flags::values(const char* name, const char* placeholder, const char* help) {
    visible_.add_options()(name, po::value<std::vector<std::string>>()->value_name(placeholder), help);
    return *this;
}

Flags& Flags::positional(const char* name, bool many) {
    hidden_.add_options()(name, po::value<std::vector<std::string>>());
    places_.add(name, many ? -1 : 1);
    return *this;
}

Flags& Flags::common() {
    return option("json", "print one JSON object (schema: isobath schema)")
        .value("output,o", "FILE", "write there instead of to the terminal")
        .value("data", "DIR", "look for presets and calibrations in DIR first (or ISOBATH_DATA)");
}

Flags& Flags::overrides() {
    return values("set", "PATH=VALUE",
                  "replace a field of the scenario, such as layout.experts.ep=64; may be repeated")
        .value("from-launch", "LINE",
               "lay the unit out as a server's launch line: \"python -m sglang.launch_server --tp 8 ...\"");
}

bool Flags::parse(const Call& call) {
    po::options_description all;
    all.add(visible_).add(hidden_);
    try {
        po::store(po::command_line_parser(call.words).options(all).positional(places_).run(), values_);
        po::notify(values_);
    } catch (const po::error& e) {
        throw SpecError(
            fmt::format("isobath {}: {}; see --help", usage_.substr(0, usage_.find(' ')), clipped(e.what())));
    }
    if (!has("help")) {
        if (has("from-launch"))
            for (const std::string& word : read_launch(text("from-launch")).unread)
                call.err << "--from-launch: no field stands for " << clipped(word) << "\n";
        return true;
    }
    call.out << "Usage: isobath " << usage_ << "\n\n"
             << about_ << "\n\n"
             << visible_ << "\nExample:\n  " << example_ << "\n";
    return false;
}

std::string Flags::text(const std::string& name, std::string otherwise) const {
    return has(name) ? values_[name].as<std::string>() : otherwise;
}

std::vector<std::string> Flags::list(const std::string& name) const {
    return has(name) ? values_[name].as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::string Flags::word(const std::string& name) const {
    const std::vector<std::string> words = list(name);
    if (words.empty())
        throw SpecError(
            fmt::format("isobath {}: {} is missing; see --help", usage_.substr(0, usage_.find(' ')), name));
    return words.front();
}

DataFiles Flags::data() const {
    const char* variable     = std::getenv("ISOBATH_DATA");
    const std::string folder = text("data", variable ? variable : "");
    if (folder.empty()) return {};
    if (!std::filesystem::is_directory(folder))
        throw SpecError("--data " + clipped(folder) + ": not a folder");
    return DataFiles(folder);
}

namespace {

/// Every value of a scenario's JSON as a change of one field.
void flatten(const nlohmann::json& value, const std::string& path, std::vector<Override>& out) {
    if (value.is_object() && !value.empty())
        for (const auto& [key, inner] : value.items()) flatten(inner, path + "/" + key, out);
    else
        out.push_back({path, value.dump(), "--from-launch: " + path});
}

}  // namespace

std::vector<Override> Flags::set() const {
    std::vector<Override> out;
    if (has("from-launch")) flatten(scenario_of(read_launch(text("from-launch"))), "", out);
    for (const std::string& one : list("set")) out.push_back(parse_override(one));
    return out;
}

void write_file(const std::string& path, const std::string& text) {
    if (!write_whole(path, text)) throw SpecError(clipped(path, 400) + ": cannot write");
}

void write_out(const Call& call, const Flags& flags, const std::string& text) {
    if (flags.has("output"))
        write_file(flags.text("output"), text);
    else
        call.out << text;
}

}  // namespace isobath::cli
