using Interactive.Kernel.Directives;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Jupyter;
using Interactive.Runtime;

if (args is ["kernel", ..]) Interrupts.Hear();

// Asked here: later it would be an exception from inside TorchSharp.
if (Environment.GetEnvironmentVariable(TorchLoader.Variable) is { Length: > 0 } folder && !File.Exists(Path.Combine(folder, TorchLoader.Libtorch)))
{
    Console.Error.WriteLine($"interactive: {TorchLoader.Variable}={folder}: there is no {TorchLoader.Libtorch} in it; give the torch/lib folder of a PyTorch installation");
    return CommandLine.Usage;
}

Cultures.Choose();
JobProcesses.EndWithStarter();

// A cached script starts in little more time than the parser takes to load: one that is given alone goes past it.
return args is ["run", var script] && ScriptHost.IsPlain(script) ? ScriptHost.RunPlain(script) : InteractiveTool.Run(args);
