#include "sim/served/fit_served.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "hw/spec_reader.h"
#include "model/calibrate/least_squares.h"
#include "sim/served/served.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr double kTtftWeight = 0.5;   ///< of its residual: a quarter of its square
constexpr double kHuber      = 0.15;  ///< beyond it an error counts linearly
constexpr double kPriorScale = 0.10;  ///< error of one run that weighs as much as one prior deviation

/// A run's models: one, or with and without speculation where that is not known.
struct RunModels {
    std::vector<ServedModel> models;

    RunModels(const Scenario& s, const DataFiles& data) {
        const bool open =
            s.speculation.method != SpeculationMethod::none && s.speculation.use == SpeculationUse::unknown;
        if (!open) {
            models.emplace_back(s, data);
            return;
        }
        for (const SpeculationUse use : {SpeculationUse::on, SpeculationUse::off}) {
            Scenario one        = s;
            one.speculation.use = use;
            models.emplace_back(one, data);
        }
    }

    ServedError logs() const {
        ServedError out;
        for (const ServedModel& m : models) {
            const LoopResult r = m.evaluate();
            out.tpot += std::log(r.tpot.base()) / double(models.size());
            out.ttft += std::log(r.ttft.base()) / double(models.size());
        }
        return out;
    }
};

/// The models of all runs, and the documents whose constants they follow.
class Bench {
  public:
    Bench(const std::vector<ServedRun>& runs, const std::vector<ServedConstant>& constants,
          const DataFiles& data)
        : runs_(runs), constants_(constants) {
        for (const ServedConstant& c : constants) docs_[c.file] = parse_json(*data.find(c.file), c.file);
        for (const ServedRun& run : runs) models_.emplace_back(run.scenario, data);
    }

    std::vector<ServedError> errors(std::span<const double> values) {
        put(values);
        std::vector<ServedError> out;
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            const ServedError p = models_[i].logs();
            const auto off      = [](double predicted, Seconds measured) {
                return measured > Seconds{} ? predicted - std::log(measured.base()) : 0;
            };
            out.push_back({off(p.tpot, runs_[i].tpot), off(p.ttft, runs_[i].ttft)});
        }
        return out;
    }

  private:
    void put(std::span<const double> values) {
        for (std::size_t i = 0; i < constants_.size(); ++i)
            put_constant(docs_[constants_[i].file], constants_[i], values[i]);
        for (const auto& [file, doc] : docs_) follow(file, doc);
    }

    void follow(const std::string& file, const json& doc) {
        const std::string name = std::filesystem::path(file).stem().string();
        if (file.starts_with("scenarios/engines/")) {
            Engine engine = read_engine(doc, name, file);
            for (RunModels& run : models_)
                for (ServedModel& m : run.models) {
                    if (m.engine().name != name) continue;
                    engine.memory_fraction = m.engine().memory_fraction;  // a run's own setting
                    m.set_engine(engine);
                }
            return;
        }
        const Calibration calibration = read_calibration(doc, name, file);
        for (RunModels& run : models_)
            for (ServedModel& m : run.models)
                if (m.scenario().calibration.name == name) m.set_calibration(calibration);
    }

    const std::vector<ServedRun>& runs_;
    const std::vector<ServedConstant>& constants_;
    std::map<std::string, json> docs_;
    std::vector<RunModels> models_;
};

}  // namespace

ServedFit fit_served(const std::vector<ServedRun>& runs, const std::vector<bool>& use,
                     std::vector<ServedConstant> constants, const DataFiles& data) {
    std::vector<ServedRun> seen;
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (use[i]) seen.push_back(runs[i]);
    std::vector<Parameter> parameters;
    int priors = 0;
    for (const ServedConstant& c : constants) {
        parameters.push_back({c.start, c.low, c.high});
        priors += c.prior > 0;
    }
    std::vector<double> values;
    for (const ServedConstant& c : constants) values.push_back(c.start);
    if (!seen.empty()) {
        Bench bench(seen, constants, data);
        const auto residuals = [&](std::span<const double> x, std::span<double> out) {
            const auto errors = bench.errors(x);
            std::size_t n     = 0;
            for (const ServedError& e : errors) {
                out[n++] = e.tpot;
                out[n++] = kTtftWeight * e.ttft;
            }
            for (std::size_t i = 0; i < constants.size(); ++i)
                if (constants[i].prior > 0)
                    out[n++] = kPriorScale * std::log(x[i] / constants[i].start) / constants[i].prior;
        };
        const LeastSquares fit =
            fit_least_squares(parameters, 2 * int(seen.size()) + priors, residuals, kHuber);
        for (std::size_t i = 0; i < constants.size(); ++i) {
            constants[i].value      = fit.values[i];
            constants[i].value_low  = fit.low[i];
            constants[i].value_high = fit.high[i];
        }
        values = fit.values;
    }
    Bench all(runs, constants, data);
    return {constants, all.errors(values)};
}

}  // namespace isobath
