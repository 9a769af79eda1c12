#include "cupel/datalab.hpp"
