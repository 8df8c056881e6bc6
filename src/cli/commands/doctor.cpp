// mien doctor: what this machine and build would use.
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "commands/commands.h"
#include "mien/core/text.h"
#include "mien/core/version.h"
#include "mien/encoder/runtime.h"

namespace mien {
namespace {

constexpr const char* kExample = "  mien doctor\n  mien doctor --json";

void run_doctor(const CommonOptions& common) {
  const std::string device = common.apply();
  const RuntimeFacts facts = runtime_facts();
  if (common.json) {
    print_json({{"version", version()},
                {"git", git_state()},
                {"torch", facts.torch_version},
                {"devices", facts.devices},
                {"device", device},
                {"processors", facts.processors},
                {"threads", facts.threads},
                {"cpu_capability", facts.cpu_capability},
                {"native_bf16", facts.native_bf16},
                {"dtype", preferred_dtype(device)}});
    return;
  }
  print_text(concat("mien        ", version(), " (", git_state(), ")\n", "LibTorch    ",
                    facts.torch_version, "\n", "devices     ", join(facts.devices), "\n",
                    "would use   ", device, ", ", preferred_dtype(device), ", ", facts.threads,
                    " threads of ", facts.processors, " processors\n", "processor   ",
                    facts.cpu_capability,
                    facts.native_bf16 ? ", bf16 instructions" : ", no bf16 instructions", "\n"));
}

}  // namespace

void add_doctor(CommandLine& line) {
  auto common = std::make_shared<CommonOptions>();
  CLI::App* command = line.add("doctor", "Versions, devices, threads and dtype that would be used",
                               kExample, *common);
  line.when_chosen(command, [common] { run_doctor(*common); });
}

}  // namespace mien
