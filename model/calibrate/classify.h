/// Whose kernel a name is and what it does, by rules that are data (scenarios/kernels/classes.json).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hw/data.h"

namespace isobath {

inline constexpr const char* kUnknownClass = "unknown";

struct KernelClass {
    std::string library;  ///< "DeepGEMM"; empty where unknown
    std::string kind =
        kUnknownClass;  ///< "gemm", "grouped_gemm", "attention_decode", "dispatch", "norm", ...
    std::map<std::string, std::int64_t> shape;  ///< sizes that the name's template arguments tell: "n", "k"
    bool operator==(const KernelClass&) const = default;
};

/// The first rule whose texts all occur in the name, and none that it forbids, tells a kernel's class.
class Classifier {
  public:
    /// Throws SpecError where the rules are wrong.
    explicit Classifier(const DataFiles& data);

    KernelClass classify(std::string_view name) const;
    std::size_t size() const { return rules_.size(); }

  private:
    struct Rule {
        std::string library, kind;
        std::vector<std::string> all, none;
        std::map<std::string, int> shape;  ///< which whole number among the template arguments
    };
    std::vector<Rule> rules_;
};

/// The whole numbers among the outermost template arguments of a name's first argument list, in order; casts
/// and suffixes go: "k<(unsigned int)7168, 128u, float>" has 7168 and 128.
std::vector<std::int64_t> template_numbers(std::string_view name);

}  // namespace isobath
