// One function a command; each declares its flags and says what runs when it is chosen.
#pragma once

namespace mien {

class CommandLine;

void add_crop(CommandLine& line);
void add_encode(CommandLine& line);
void add_train(CommandLine& line);
void add_sweep(CommandLine& line);
void add_tune(CommandLine& line);
void add_evaluate(CommandLine& line);
void add_compare(CommandLine& line);
void add_predict(CommandLine& line);
void add_submit(CommandLine& line);
void add_export(CommandLine& line);
void add_flatness(CommandLine& line);
void add_report(CommandLine& line);
void add_inspect(CommandLine& line);
void add_doctor(CommandLine& line);

}  // namespace mien
