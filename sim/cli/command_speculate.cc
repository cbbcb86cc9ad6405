#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "hw/spec_reader.h"
#include "hw/text.h"
#include "model/acceptance/import_log.h"
#include "sim/cli/flags.h"
#include "sim/plot/svg.h"
#include "sim/speculate/speculate.h"

namespace isobath::cli {
namespace {

/// The words behind a flag, those with commas split: "1,2 3" -> 1, 2, 3.
std::vector<std::string> words_of(const Flags& flags, const std::string& name) {
    std::vector<std::string> out;
    for (std::string word : flags.list(name))
        for (std::size_t end = 0; end != word.npos;) {
            end = word.find(',');
            out.push_back(word.substr(0, end));
            if (end != word.npos) word.erase(0, end + 1);
        }
    return out;
}

double number_of(const std::string& flag, const std::string& word, double least, double most) {
    double n                = 0;
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), n);
    if (wrong != std::errc() || end != word.data() + word.size() || !(n >= least && n <= most))
        throw SpecError(
            fmt::format("--{} {}: need a number from {:g} to {:g}", flag, clipped(word), least, most));
    return n;
}

int whole_of(const std::string& flag, const std::string& word) {
    const double n = number_of(flag, word, 1, 16);
    if (n != static_cast<int>(n))
        throw SpecError(fmt::format("--{} {}: need a whole number", flag, clipped(word)));
    return static_cast<int>(n);
}

/// "NAME=FACTOR" or "NAME=FACTOR:LOW:HIGH".
std::pair<std::string, AcceptanceLoss> loss_of(const std::string& word) {
    const auto equals = word.find('=');
    if (equals == word.npos || equals == 0)
        throw SpecError("--loss " + clipped(word) + ": need PRECISION=FACTOR or PRECISION=FACTOR:LOW:HIGH");
    std::vector<double> numbers;
    for (std::size_t at = equals + 1;;) {
        const auto end = word.find(':', at);
        numbers.push_back(number_of("loss", word.substr(at, end == word.npos ? end : end - at), 0, 1));
        if (end == word.npos) break;
        at = end + 1;
    }
    if (numbers.size() == 1) numbers.resize(3, numbers[0]);
    if (numbers.size() != 3 || numbers[1] > numbers[0] || numbers[2] < numbers[0])
        throw SpecError("--loss " + clipped(word) + ": need FACTOR:LOW:HIGH with LOW <= FACTOR <= HIGH");
    return {word.substr(0, equals), {numbers[0], numbers[1], numbers[2], "set by the user"}};
}

SpeculateAsk ask_of(const Flags& flags) {
    SpeculateAsk ask;
    for (const std::string& word : words_of(flags, "batch"))
        ask.batches.push_back(number_of("batch", word, 1e-6, 1e6));
    std::sort(ask.batches.begin(), ask.batches.end());
    for (const std::string& word : words_of(flags, "depth")) ask.depths.push_back(whole_of("depth", word));
    for (const std::string& word : words_of(flags, "threshold")) {
        const auto t = parse_threshold(word);
        if (!t)
            throw SpecError("--threshold " + clipped(word) +
                            ": not known; allowed: none, static:TAU, adaptive");
        ask.thresholds.push_back(*t);
    }
    ask.precisions = words_of(flags, "precision");
    for (const std::string& word : words_of(flags, "loss")) ask.losses.insert(loss_of(word));
    ask.optimise = flags.has("optimise");
    return ask;
}

int import_curve(const Call& call, const Flags& flags) {
    const std::string file                = flags.text("import");
    const std::vector<std::string> depths = words_of(flags, "depth");
    const DraftCounts counts              = read_draft_counts(read_text(file), file);
    const AcceptanceFile curve =
        curve_of(counts, depths.empty() ? 0 : whole_of("depth", depths.front()), file);
    write_out(call, flags, to_json(curve).dump(2) + "\n");
    return kDone;
}

}  // namespace

int command_speculate(const Call& call) {
    Flags flags("speculate SCENARIO",
                "Prices drafts by depth, threshold and precision over batches: tokens per step, step time, "
                "tokens per\n"
                "second for each user and each GPU, and the batch from which speculation no longer pays.\n"
                "With --import FILE, makes an acceptance preset of a server's log or metrics instead: vLLM, "
                "SGLang or\n"
                "TensorRT-LLM; name it in a scenario under speculation.acceptance.",
                "isobath speculate deepseek-r1-decode-tp8-h200 --depth 1,3");
    flags.positional("SCENARIO").common().overrides();
    flags.values("batch", "N", "requests per GPU; left out: powers of two until the cache is full");
    flags.values("depth", "N",
                 "drafts per step; left out: 1 to 3. With --import: drafts per step of the server");
    flags.values("threshold", "T", "none, static:TAU, adaptive; left out: none and adaptive");
    flags.values("precision", "NAME", "precision presets to compare; left out: the scenario's");
    flags.values(
        "loss", "NAME=F",
        "acceptance of a position at that precision times F, or F:LOW:HIGH; left out: assumed from pairs "
        "of formats measured on other models");
    flags.option("optimise", "also the best depth and threshold at each batch");
    flags.value("svg", "FILE", "draw tokens per second for each GPU against each user");
    flags.value("import", "FILE", "make an acceptance preset of this log");
    if (!flags.parse(call)) return kDone;
    if (flags.has("import")) return import_curve(call, flags);
    const SpeculateStudy study = speculate(flags.word("SCENARIO"), flags.data(), flags.set(), ask_of(flags));
    if (flags.has("svg")) write_file(flags.text("svg"), plot::to_svg(figure_of(study)));
    write_out(call, flags, flags.has("json") ? to_json(study).dump(2) + "\n" : to_text(study));
    return kDone;
}

}  // namespace isobath::cli
