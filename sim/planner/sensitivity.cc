#include "sim/planner/sensitivity.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "sim/planner/reasons.h"
#include "sim/scenario_reader.h"
#include "sim/served/served.h"

namespace isobath {
namespace {

using nlohmann::json;

constexpr double kTenth = 0.1;

LeverEnd figures(const Scenario& s, const LoopResult& r, int gpus, std::string what) {
    const double answer  = s.workload.mean_answer();
    const double request = (r.ttft + (answer - 1) * r.tpot).base();
    const double tokens  = s.workload.concurrency * answer / request;
    const double usd     = s.usd_per_gpu_hour < 0 ? s.cluster.gpu.usd_per_gpu_hour : s.usd_per_gpu_hour;
    return {std::move(what), r.tpot.base(), r.ttft.base(), tokens, usd * gpus / tokens};
}

class Levers {
  public:
    Levers(const Scenario& planned, const DataFiles& data)
        : s_(planned), data_(data), model_(planned, data), gpus_(model_.units().gpus()) {
        middle_ = figures(s_, model_.evaluate(), gpus_, "");
    }

    std::vector<Lever> run() {
        families();
        engine();
        if (s_.speculation.on()) acceptance();
        hardware();
        load();
        std::stable_sort(out_.begin(), out_.end(),
                         [](const Lever& a, const Lever& b) { return a.swing > b.swing; });
        return out_;
    }

  private:
    void add(std::string name, LeverEnd low, LeverEnd high) {
        Lever lever{std::move(name), std::move(low), std::move(high), 0};
        for (const LeverEnd* e : {&lever.low, &lever.high})
            for (const auto& [is, was] : {std::pair{e->tpot, middle_.tpot},
                                          {e->ttft, middle_.ttft},
                                          {e->tokens_per_s, middle_.tokens_per_s},
                                          {e->usd_per_token, middle_.usd_per_token}})
                lever.swing = std::max(lever.swing, std::abs(is / was - 1));
        out_.push_back(lever);
    }

    void families() {
        for (int f = 0; f < kFamilyCount; ++f) {
            const auto end = [&](int side) {
                Bend bend{};
                bend[static_cast<std::size_t>(f)] = static_cast<std::int8_t>(side);
                return figures(s_, model_.evaluate(bend), gpus_, side < 0 ? "low end" : "high end");
            };
            add(fmt::format("kernels: {}", name_of(static_cast<Family>(f))), end(-1), end(1));
        }
    }

    void engine() {
        const std::pair<const char*, Figure<Seconds> Engine::*> kParts[] = {
            {"engine: prefill step overhead", &Engine::prefill_step_overhead},
            {"engine: front end", &Engine::front_end},
            {"engine: hand-over", &Engine::hand_over},
            {"engine: host work of speculation", &Engine::speculation_per_request}};
        for (const auto& [name, part] : kParts) {
            const Figure<Seconds>& figure = s_.engine.*part;
            if (figure.low == figure.high) continue;
            const auto end = [&, place = part](Seconds value, const char* what) {
                Engine changed         = s_.engine;
                (changed.*place).value = value;
                if (place == &Engine::hand_over) changed.hand_over_on.clear();
                model_.set_engine(changed);
                return figures(s_, model_.evaluate(), gpus_, what);
            };
            add(name, end(figure.low, "low end"), end(figure.high, "high end"));
        }
        model_.set_engine(s_.engine);
    }

    LeverEnd with(const Scenario& changed, const char* what) const {
        return figures(changed, ServedModel(changed, data_).evaluate(), gpus_, what);
    }

    void acceptance() {
        const auto end = [&](const std::vector<double>& survival, const char* what) {
            json doc                         = to_json(s_);
            doc["speculation"]["acceptance"] = survival;
            return with(read_scenario(doc.dump(), s_.file, data_), what);
        };
        if (s_.speculation.nodes == 0)
            add("acceptance of drafts", end(s_.speculation.low, "low end"),
                end(s_.speculation.high, "high end"));
    }

    LeverEnd scaled_gpu(const std::vector<const char*>& keys, double factor, const char* what) const {
        json doc = to_json(s_), gpu = doc["cluster"]["gpu"];
        if (gpu.is_string()) gpu = {{"extends", gpu}};
        const GpuSpec& g = s_.cluster.gpu;
        for (const std::string key : keys) {
            if (key == "hbm_bandwidth") gpu[key] = to_string_in(g.hbm_bandwidth * factor);
            if (key == "nvlink") gpu[key] = to_string_in(g.nvlink * factor);
            if (key == "peaks")
                for (const auto& [math, name] :
                     {std::pair{Math::fp8, "fp8"}, {Math::bf16, "bf16"}, {Math::fp4, "fp4"}})
                    if (g.supports(math))
                        gpu["peaks"][name] =
                            fmt::format("{:.9g} TFLOP/s", g.peak(math).base() * factor / 1e12);
        }
        doc["cluster"]["gpu"] = gpu;
        if (keys.front() == std::string("nic"))
            doc["cluster"]["nic"] = {{"extends", s_.cluster.nic.name},
                                     {"bandwidth", to_string_in(s_.cluster.nic.bandwidth * factor)}};
        return with(read_scenario(doc.dump(), s_.file, data_), what);
    }

    static std::string to_string_in(BytesPerSecond b) { return fmt::format("{:.9g} GB/s", b.base() / 1e9); }

    void hardware() {
        const std::pair<const char*, const char*> kParts[] = {{"HBM bandwidth", "hbm_bandwidth"},
                                                              {"peak FLOP/s", "peaks"},
                                                              {"NVLink bandwidth", "nvlink"},
                                                              {"NIC bandwidth", "nic"}};
        for (const auto& [name, key] : kParts) {
            if (std::string_view(key) == "nic" && s_.cluster.nic.bandwidth <= BytesPerSecond{}) continue;
            add(name, scaled_gpu({key}, 1 - kTenth, "-10 %"), scaled_gpu({key}, 1 + kTenth, "+10 %"));
        }
    }

    void load() {
        const auto end = [&](const std::function<void(Scenario&, double)>& change, double factor) {
            Scenario changed = s_;
            change(changed, factor);
            return with(changed, factor < 1 ? "-10 %" : "+10 %");
        };
        const auto both = [&](const char* name, const std::function<void(Scenario&, double)>& change) {
            add(name, end(change, 1 - kTenth), end(change, 1 + kTenth));
        };
        both("clients", [](Scenario& s, double f) { s.workload.concurrency *= f; });
        both("input length", [](Scenario& s, double f) { s.workload.isl *= f; });
        both("output length", [](Scenario& s, double f) { s.workload.osl *= f; });
        both("price of a GPU", [](Scenario& s, double f) {
            s.usd_per_gpu_hour =
                f * (s.usd_per_gpu_hour < 0 ? s.cluster.gpu.usd_per_gpu_hour : s.usd_per_gpu_hour);
        });
    }

    const Scenario& s_;
    const DataFiles& data_;
    ServedModel model_;
    int gpus_;
    LeverEnd middle_;
    std::vector<Lever> out_;
};

}  // namespace

std::vector<Lever> sensitivity(const Scenario& planned, const DataFiles& data) {
    return Levers(planned, data).run();
}

std::vector<FamilyRisk> risks(const PlanQuestion& q, const Scenario& planned, const DataFiles& data) {
    const ServedModel model(planned, data);
    const ServedResult whole = predict_served(planned, data);
    const auto without       = [](const Estimate& e, double fast, double slow) {
        const auto less = [](double all, double part) {
            return std::exp(std::sqrt(std::max(0.0, all * all - part * part)));
        };
        Estimate out   = e;
        const double t = e.time.base();
        out.low        = e.time / less(std::log(t / e.low.base()), std::min(0.0, std::log(fast / t)));
        out.high       = e.time * less(std::log(e.high.base() / t), std::max(0.0, std::log(slow / t)));
        return out;
    };
    std::vector<FamilyRisk> out;
    for (int f = 0; f < kFamilyCount; ++f) {
        Bend low{}, high{};
        low[static_cast<std::size_t>(f)]  = -1;
        high[static_cast<std::size_t>(f)] = 1;
        const LoopResult fast = model.evaluate(low), slow = model.evaluate(high);
        ServedResult known = whole;
        known.tpot         = without(whole.tpot, fast.tpot.base(), slow.tpot.base());
        known.ttft         = without(whole.ttft, fast.ttft.base(), slow.ttft.base());
        out.push_back({std::string(name_of(static_cast<Family>(f))), chance_within(q, known)});
    }
    std::stable_sort(out.begin(), out.end(), [](const FamilyRisk& a, const FamilyRisk& b) {
        return a.chance_if_known > b.chance_if_known;
    });
    return out;
}

}  // namespace isobath
