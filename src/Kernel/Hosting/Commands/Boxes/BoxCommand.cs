using System.CommandLine;

namespace Interactive.Kernel.Hosting.Commands.Boxes;

/// <summary><c>interactive box run --image I [--cpus N] [--memory SIZE] [--bind A:B] -- CMD</c></summary>
internal static class BoxCommand
{
    public static Command Create() => new("box", "Runs programs with the files of an image, within limits.") { Run() };

    private static Command Run()
    {
        var words = new Argument<string[]>("CMD")
        {
            Description = "program and arguments, after --",
            Arity = ArgumentArity.OneOrMore,
        };
        var options = new BoxOptions("--image");
        options.Image.Required = true;
        var command = new Command("run", "Runs a program in a box of its own; its exit code is the program's.") { words };
        options.AddTo(command);
        command.SetAction(parsed => options.Read(parsed)!.Run(parsed.GetValue(words)!, ChildProcess.Run));
        return command;
    }
}
