#include <boost/program_options.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <optional>

#include <unistd.h>

#include "hw/spec_reader.h"
#include "profiler/cli/commands.h"
#include "profiler/cli/wanted.h"
#include "profiler/gpu/measure.h"
#include "profiler/progress.h"
#include "profiler/row_file.h"
#include "profiler/suites/suites.h"
#include "profiler/work.h"

namespace isobath {
namespace {

namespace po = boost::program_options;

struct Options {
    std::string shapes, suites, out;
    double minutes = 0;
    int gpu        = 0;
    bool quiet = false, count_dram = false;
    StoppingRule rule;
};

po::options_description flags(Options& o) {
    po::options_description out("Flags");
    const StoppingRule usual;
    out.add_options()("help", "shows this")  //
        ("shapes", po::value(&o.shapes), "a file of shapes instead of the standard suites")(
            "suite", po::value(&o.suites), "of the standard suites these alone, with commas between")(
            "out", po::value(&o.out)->default_value("rows.jsonl"),
            "where rows are appended; rows that it has already "
            "are not measured again")("minutes", po::value(&o.minutes)->default_value(9),
                                      "no row is begun that would end later")(
            "max-noise", po::value(&o.rule.max_noise)->default_value(usual.max_noise, "0.005"),
            "sampling ends when the median is known to this share")(
            "min-samples", po::value(&o.rule.min_samples)->default_value(usual.min_samples),
            "at least so many")(
            "max-samples", po::value(&o.rule.max_samples)->default_value(usual.max_samples),
            "at most so many")("gpu", po::value(&o.gpu)->default_value(0), "which GPU, as CUDA counts")(
            "quiet", po::bool_switch(&o.quiet), "no line for each row")(
            "count-dram", po::bool_switch(&o.count_dram),
            "count the bytes that each row moves, where the driver lets this user");
    return out;
}

void check(const Options& o) {
    if (o.minutes <= 0) throw SpecError("--minutes: must be more than 0");
    if (o.rule.max_noise <= 0) throw SpecError("--max-noise: must be more than 0");
    if (o.rule.min_samples < 2) throw SpecError("--min-samples: must be 2 or more");
    if (o.rule.max_samples < o.rule.min_samples)
        throw SpecError("--max-samples: must not be below --min-samples");
}

/// Nothing if the help was asked for, and shown.
std::optional<Options> parsed(const Words& words) {
    Options out;
    const auto known = flags(out);
    po::variables_map values;
    po::store(po::command_line_parser(words).options(known).positional({}).run(), values);
    if (values.count("help") > 0) {
        std::cout << "Usage: isobath-calibrate run [FLAGS]\n\nMeasures kernels on this machine's GPU, in the "
                     "order in "
                     "which they unlock each other, and appends\none row each. Run it again to go on.\n\n"
                  << known << "\nExample:\n  isobath-calibrate run --suite ceilings,gemm --out h100.jsonl\n";
        return std::nullopt;
    }
    po::notify(values);
    check(out);
    return out;
}

volatile std::sig_atomic_t interrupted = 0;

void interrupt(int) {
    interrupted = 1;
}

Seconds now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count() *
           unit::s;
}

/// Measures rows until there are none left, the time is over or somebody interrupts.
class Run {
  public:
    Run(const Options& options, Device& device)
        : options_(options),
          device_(device),
          benches_(all_benches(device)),
          file_(options.out, device.described),
          measurer_(options.rule),
          budget_(options.minutes * 60 * unit::s) {
        const auto points = wanted_points(options.shapes, options.suites, device);
        left_ = rows_left(rows_for(points, benches_), rows_done(file_.before(), device.described));
        if (!measurer_.why_no_activity().empty())
            std::cerr << "times come from events: " << measurer_.why_no_activity() << "\n";
    }

    /// How many rows are left.
    std::size_t go() {
        const Seconds start = now();
        std::size_t done    = 0;
        for (; done < left_.size() && interrupted == 0 && budget_.allows_another(now() - start); ++done) {
            const Seconds began = now();
            show_progress(done, began - start);
            one(left_[done]);
            budget_.took(now() - began);
        }
        if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
        return left_.size() - done;
    }

  private:
    const Options& options_;
    Device& device_;
    std::vector<Bench> benches_;
    RowFile file_;
    Measurer measurer_;
    TimeBudget budget_;
    std::vector<RowToMeasure> left_;

    void show_progress(std::size_t done, Seconds spent) const {
        if (isatty(STDERR_FILENO) == 0) return;
        std::cerr << "\r\033[K"
                  << progress_line(static_cast<int>(done), static_cast<int>(left_.size()), spent,
                                   to_string(left_[done].wanted.point))
                  << std::flush;
    }

    void one(const RowToMeasure& row) {
        const std::string reason = why_not(row, benches_, device_);
        if (!reason.empty()) return skip(row, reason);
        try {
            measure(row);
        } catch (const NotMeasurable& reason_found) {
            skip(row, reason_found.what());
        } catch (const CudaError& fault) {
            skip(row, fault.what());
            // Short memory leaves the device as it was; after a fault every later call would fail.
            CUDA_CHECK(cudaDeviceSynchronize());
        }
    }

    void measure(const RowToMeasure& row) {
        const Launch launch = bench_of(row, benches_)->prepare(row.wanted.point);
        const int held      = row.wanted.held_sms;
        Measured out =
            measurer_.measure(launch, held > 0 ? Company([=] { return hold_sms(held); }) : Company());
        out.row.point          = row.wanted.point;
        out.row.implementation = row.implementation;
        out.row.held_sms       = held;
        if (options_.count_dram && held == 0) out.row.dram = count_dram(launch);
        if (out.row.samples == 0) return skip(row, "every sample was taken at a lowered clock or was void");
        const std::string wrong = impossible(out.row.point, out.row.time, device_.memory_peak);
        if (!wrong.empty()) return skip(row, wrong);
        file_.append(out.row);
        say(out);
    }

    Bytes count_dram(const Launch& launch) {
        const bool known = !measurer_.why_no_counters().empty();
        const Bytes out  = measurer_.count_dram(launch);
        if (!known && !measurer_.why_no_counters().empty())
            std::cerr << "bytes are not counted: " << measurer_.why_no_counters() << "\n";
        return out / launch.repeats;
    }

    void skip(const RowToMeasure& row, const std::string& reason) {
        file_.append(SkippedRow{row.wanted.point, row.implementation, reason, row.wanted.held_sms});
    }

    void say(const Measured& measured) const {
        if (options_.quiet) return;
        if (isatty(STDERR_FILENO) != 0) std::cerr << "\r\033[K";
        std::cout << row_line(measured.row);
        // Events stand about the kernels and see a launch more; beyond that the two clocks should agree.
        if (measured.by_events > 1.2 * measured.row.time + 5 * unit::us)
            std::cout << " | by events " << to_string(measured.by_events);
        std::cout << std::endl;
    }
};

}  // namespace

int command_run(const Words& words) {
    const auto options = parsed(words);
    if (!options) return 0;
    wanted_points(options->shapes, options->suites, {});  // a mistake in them is told with or without a GPU
    if (const std::string reason = no_gpu_reason(); !reason.empty())
        return std::cerr << "isobath-calibrate: nothing can be measured: " << reason << "\n", 2;
    if (options->gpu < 0 || options->gpu >= gpu_count())
        throw SpecError("--gpu: this machine has " + std::to_string(gpu_count()) +
                        " of them, counted from 0");
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    Device device          = open_device(options->gpu);
    const std::size_t left = Run(*options, device).go();
    if (left > 0)
        std::cout << left << " rows left, run again\n";
    else
        std::cout << "all rows are measured\n";
    return 0;
}

}  // namespace isobath
