#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include <fmt/format.h>
#include <sched.h>

#include "hw/text.h"
#include "sim/cli/program.h"
#include "sim/cli/sweep_command.h"
#include "sim/sweep/merge.h"
#include "sim/sweep/parts.h"
#include "sim/sweep/report.h"
#include "sim/sweep/runner.h"
#include "sim/sweep/slurm.h"

namespace isobath::cli {
namespace {

namespace fs = std::filesystem;
using namespace sweep;

Flags declared() {
    Flags flags(
        "sweep SWEEP | sweep status DIR... | sweep merge DIR... -o FILE",
        "Evaluates every point of a grid, zip or sample over a scenario, and keeps chosen keys of each\n"
        "result in one SQLite file. Finished points are appended to part files in a folder: the same\n"
        "command again, after a kill too, does only what is missing. Under mpirun or srun the ranks share\n"
        "the points. SWEEP is a file (isobath schema sweep) or a built-in name.\n"
        "Exit code 3: not one point can be.",
        "isobath sweep decode-batch-ep -o decode.sqlite");
    flags.positional("SWEEP", true)
        .option("json", "print one JSON object (schema: isobath schema sweep-result)")
        .value("output,o", "FILE", "merge into this file when all points are there: .sqlite or .db")
        .value("data", "DIR", "look for presets and calibrations in DIR first (or ISOBATH_DATA)")
        .overrides()
        .value("parts", "DIR", "the folder of the parts; left out: FILE.parts, or SWEEP.parts")
        .value("threads", "N", "threads of this process; left out: one for each core it may use")
        .value("shard", "I/N", "do every N-th block of points, beginning with the I-th")
        .option("partial", "merge though points are missing")
        .option("slurm", "print the script of a Slurm array instead")
        .value("tasks", "N", "of --slurm: tasks of the array (8)")
        .value("timing", "FILE", "write wall time, processor time and memory there");
    return flags;
}

std::size_t whole(const std::string& shown, std::string_view word, std::size_t most) {
    std::size_t n           = 0;
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), n);
    if (wrong != std::errc() || end != word.data() + word.size() || n < 1 || n > most)
        throw SpecError(fmt::format("{}: need a whole number from 1 to {}", shown, most));
    return n;
}

std::size_t whole_flag(const Flags& flags, const char* name, std::size_t otherwise, std::size_t most) {
    if (!flags.has(name)) return otherwise;
    const std::string word = flags.text(name);
    return whole(fmt::format("--{} {}", name, clipped(word)), word, most);
}

/// "2/8": the second of eight.
std::optional<Launched> shard_of(const Flags& flags) {
    if (!flags.has("shard")) return {};
    const std::string word  = flags.text("shard");
    const std::string shown = "--shard " + clipped(word);
    const auto slash        = word.find('/');
    if (slash == word.npos) throw SpecError(shown + ": need I/N, such as 1/8");
    const std::size_t n = whole(shown, std::string_view(word).substr(slash + 1), 1'000'000);
    return Launched{whole(shown, std::string_view(word).substr(0, slash), n) - 1, n};
}

int cores() {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

int threads_of(const Flags& flags) {
    return static_cast<int>(whole_flag(flags, "threads", static_cast<std::size_t>(cores()), 1024));
}

std::string output_of(const Flags& flags) {
    const std::string file = flags.text("output");
    if (!file.empty() && !file.ends_with(".sqlite") && !file.ends_with(".db"))
        throw SpecError("-o " + clipped(file, 400) + ": need a name that ends in .sqlite or .db");
    return file;
}

std::string folder_of(const Flags& flags) {
    if (flags.has("parts")) return flags.text("parts");
    if (flags.has("output")) return flags.text("output") + ".parts";
    return fs::path(flags.word("SWEEP")).stem().string() + ".parts";
}

int answer(const Call& call, const Flags& flags, const Report& report) {
    call.out << (flags.has("json") ? to_json(report).dump(2) + "\n" : to_text(report));
    return report.tally.done == 0 && report.tally.excluded > 0 ? kNoFit : kDone;
}

Report report_of(const Sweep& sweep, const std::vector<fs::path>& folders) {
    Report r{sweep.name, std::string(sweep.runner->name), folders.front().string(), "", {}, 0};
    r.parts = part_files(folders).size();
    return r;
}

/// Fills the report's tally, and its file if all points are there.
void merge_into(const std::string& output, const Flags& flags, const Sweep& sweep, const Space& space,
                const std::vector<fs::path>& folders, Report& r) {
    const bool partial = flags.has("partial");
    r.tally            = merge(sweep, space, folders, output, partial);
    if (r.tally.missing == 0 || partial) r.file = output;
}

/// `sweep status DIR...` and `sweep merge DIR... -o FILE`.
int after_the_fact(const Call& call, const Flags& flags, bool merges) {
    const std::vector<std::string> words = flags.list("SWEEP");
    const std::vector<fs::path> folders(words.begin() + 1, words.end());
    const std::string output = output_of(flags);
    if (folders.empty()) throw SpecError("isobath sweep " + words[0] + ": DIR is missing; see --help");
    if (merges && output.empty()) throw SpecError("isobath sweep merge: -o FILE is missing; see --help");
    const Sweep sweep = read_definition(folders.front(), flags.data());
    const Space space(sweep);
    Report r = report_of(sweep, folders);
    if (!merges) {
        r.tally = tally(space, Results(folders, sweep.columns.size()));
        return answer(call, flags, r);
    }
    merge_into(output, flags, sweep, space, folders, r);
    if (r.file.empty())
        throw SpecError(
            fmt::format("isobath sweep merge: {} of {} points are missing: the sweep's own command "
                        "again does only those; or merge --partial",
                        r.tally.missing, r.tally.points));
    return answer(call, flags, r);
}

int print_slurm(const Call& call, const Flags& flags, const Sweep& sweep) {
    SlurmAsk ask{sweep.name, {"sweep", flags.word("SWEEP")}, folder_of(flags), flags.text("output"), 8, 8};
    for (const std::string& one : flags.list("set")) ask.words.insert(ask.words.end(), {"--set", one});
    if (flags.has("data")) ask.words.insert(ask.words.end(), {"--data", flags.text("data")});
    ask.tasks   = static_cast<int>(whole_flag(flags, "tasks", 8, 100'000));
    ask.threads = static_cast<int>(whole_flag(flags, "threads", 8, 1024));
    call.out << slurm_script(ask);
    return kDone;
}

std::unique_ptr<BlockSource> blocks_of(const Flags& flags, const Space& space, Ranks* ranks) {
    if (const auto shard = shard_of(flags))
        return std::make_unique<ShardBlocks>(space.blocks(), shard->rank, shard->size);
    if (ranks) return ranks->blocks(space.blocks());
    const Launched own = launched_as().value_or(Launched{});
    return std::make_unique<ShardBlocks>(space.blocks(), own.rank, own.size);
}

/// Evaluates this process's share; all ranks have done theirs when it returns.
Progress evaluate(const Call& call, const Flags& flags, const Sweep& sweep, const Space& space,
                  Ranks* ranks) {
    const std::string folder = folder_of(flags);
    if (!ranks || ranks->rank() == 0) write_definition(sweep, folder);
    if (ranks) ranks->meet();
    const auto blocks = blocks_of(flags, space, ranks);
    const StopFlag stop;
    ProgressLine line(call.err);
    RunAsk ask{folder, threads_of(flags), stop.flag(), {}};
    if (!ranks || ranks->rank() == 0) ask.progress = [&](const Progress& p) { line.show(p); };
    const Progress progress = run_sweep(sweep, space, flags.data(), *blocks, ask);
    if (stop.is_set()) {
        call.err << fmt::format(
            "isobath sweep: interrupted; what was done is in {}, and the same command goes on\n",
            clipped(folder, 400));
        call.err.flush();
        StopFlag::pass_on();
    }
    if (ranks) ranks->meet();
    return progress;
}

int run_all(const Call& call, const Flags& flags, Ranks* ranks) {
    const auto start         = std::chrono::steady_clock::now();
    const std::string output = output_of(flags);
    const Sweep sweep        = load_sweep(flags.word("SWEEP"), flags.data(), flags.set());
    if (flags.list("SWEEP").size() > 1)
        throw SpecError("isobath sweep: one SWEEP at a time, not also " + clipped(flags.list("SWEEP")[1]));
    threads_of(flags), shard_of(flags);  // before anything is written
    if (flags.has("slurm")) return print_slurm(call, flags, sweep);
    const Space space(sweep);
    const Progress progress = evaluate(call, flags, sweep, space, ranks);
    if (ranks && ranks->rank() != 0) return kDone;
    const std::vector<fs::path> folders{folder_of(flags)};
    Report r = report_of(sweep, folders);
    if (output.empty())
        r.tally = tally(space, Results(folders, sweep.columns.size()));
    else
        merge_into(output, flags, sweep, space, folders, r);
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    if (flags.has("timing")) write_file(flags.text("timing"), timing_of(progress, wall.count()));
    return answer(call, flags, r);
}

}  // namespace

int sweep_with(const Call& call, Ranks* ranks) {
    Flags flags = declared();
    if (!flags.parse(call)) return kDone;
    const std::string first = flags.word("SWEEP");
    if (first == "status" || first == "merge") return after_the_fact(call, flags, first == "merge");
    return run_all(call, flags, ranks);
}

int command_sweep(const Call& call) {
    // An own program links MPI, so that this one starts without it and runs where there is none.
    const std::string mpi = launched_as() ? find_program("isobath-mpi") : "";
    if (mpi.empty()) return sweep_with(call, nullptr);
    std::vector<std::string> words{"sweep"};
    words.insert(words.end(), call.words.begin(), call.words.end());
    become_program(mpi, words);
}

}  // namespace isobath::cli
