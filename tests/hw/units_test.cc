#include "hw/units.h"

#include "tests/catch.h"

using namespace isobath;
using namespace isobath::unit;

TEST_CASE("units: a quotient works out its own unit", "[hw][units]") {
    const Seconds t = 14 * MB / (50 * GB / s);
    CHECK(t.in(us) == Approx(280));
    static_assert(std::is_same_v<decltype(GB / (GB / s)), Seconds>);
    static_assert(std::is_same_v<decltype(GB / MB), double>);
}

TEST_CASE("units: a bit is an eighth of a byte", "[hw][units]") {
    CHECK(parse_quantity<BytesPerSecond>("400 Gbit/s") == 50 * GB / s);
}

TEST_CASE("units: a number without a unit is refused, and the message says what would do", "[hw][units]") {
    CHECK_THROWS_WITH(parse_quantity<Seconds>("3"), "\"3\": need a number and one of ns us ms s");
    CHECK_THROWS_WITH(parse_quantity<Bytes>("3 us"),
                      Catch::StartsWith("\"3 us\": need a number and one of B kB"));
}

TEST_CASE("units: print in the unit a reader would choose", "[hw][units]") {
    CHECK(to_string(70'272 * B) == "70.272 kB");
    CHECK(to_string(1.5e-5 * s) == "15 us");
    CHECK(to_string(4.8 * TB / s) == "4.8 TB/s");
}
