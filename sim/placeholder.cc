#include "hw/units.h"
