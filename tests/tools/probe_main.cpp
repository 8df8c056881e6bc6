// usage: mien_probe FUNCTION IN.safetensors OUT.safetensors
#include <cstdio>
#include <exception>

#include "probe.h"

int main(int argc, char** argv) {
  using namespace mien;
  try {
    auto functions = probe::data_probes();
    functions.merge(probe::evaluation_probes());
    functions.merge(probe::faces_probes());
    functions.merge(probe::scoring_probes());
    functions.merge(probe::training_probes());
    functions.merge(probe::tuning_probes());
    functions.merge(probe::flatness_probes());
    if (argc != 4 || !functions.contains(argv[1])) {
      std::fprintf(stderr, "usage: mien_probe FUNCTION IN.safetensors OUT.safetensors\n");
      for (const auto& [name, function] : functions) std::fprintf(stderr, "  %s\n", name.c_str());
      return 2;
    }
    const SafetensorsFile input(argv[2]);
    const auto found = input.metadata().find("options");
    const auto options = found == input.metadata().end() ? nlohmann::json::object()
                                                         : nlohmann::json::parse(found->second);
    probe::Output output;
    functions.at(argv[1])(input, options, output);
    write_safetensors(argv[3], output.tensors(), output.metadata);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "mien_probe: %s\n", problem.what());
    return 1;
  }
  return 0;
}
