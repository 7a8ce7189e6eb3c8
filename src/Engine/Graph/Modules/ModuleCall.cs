using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>Calls a module of any of TorchSharp's usual signatures with a list of tensors.</summary>
internal static class ModuleCall
{
    /// <summary>What the module gives, in order.</summary>
    /// <exception cref="GraphException">It takes another number of tensors, or something else.</exception>
    public static Tensor[] Run(nn.Module module, IReadOnlyList<Tensor> inputs)
    {
        var outputs = Call(module, inputs);
        KeptTensors.Release(module);
        return outputs is null || Array.Exists(outputs, output => output is null)
            ? throw new GraphException($"{module.GetName()} gives null in place of a tensor") : outputs;
    }

    private static Tensor[] Call(nn.Module module, IReadOnlyList<Tensor> inputs) => (module, inputs.Count) switch
    {
        (nn.IModule<Tensor[], Tensor[]> m, _) => m.call([.. inputs]),
        (nn.IModule<Tensor, Tensor> m, 1) => [m.call(inputs[0])],
        (nn.IModule<Tensor, (Tensor, Tensor)> m, 1) => List(m.call(inputs[0])),
        (nn.IModule<Tensor, (Tensor, Tensor, Tensor)> m, 1) => List(m.call(inputs[0])),
        (nn.IModule<Tensor, Tensor[]> m, 1) => m.call(inputs[0]),
        (nn.IModule<Tensor, Tensor, Tensor> m, 2) => [m.call(inputs[0], inputs[1])],
        (nn.IModule<Tensor, Tensor, (Tensor, Tensor)> m, 2) => List(m.call(inputs[0], inputs[1])),
        (nn.IModule<Tensor, Tensor, Tensor, Tensor> m, 3) => [m.call(inputs[0], inputs[1], inputs[2])],
        (nn.IModule<Tensor, Tensor, Tensor, (Tensor, Tensor)> m, 3) => List(m.call(inputs[0], inputs[1], inputs[2])),
        (nn.IModule<Tensor, Tensor, Tensor, Tensor, Tensor> m, 4)
            => [m.call(inputs[0], inputs[1], inputs[2], inputs[3])],
        _ => throw new GraphException($"{module.GetName()} does not take {inputs.Count} tensor{(inputs.Count == 1 ? "" : "s")} and give one to three: give as many examples as its forward takes"),
    };

    /// <summary>What a module's forward of so many tensors calls them; empty where it has none such.</summary>
    public static IReadOnlyList<string> ArgumentNames(nn.Module module, int inputs)
        => module.GetType().GetMethods().Where(method => method.Name == "forward").Select(method => method.GetParameters())
        .FirstOrDefault(p => p.Length == inputs && Array.TrueForAll(p, each => each.ParameterType == typeof(Tensor)))
        ?.Select(p => p.Name!).ToArray() ?? [];

    private static Tensor[] List((Tensor, Tensor) two) => [two.Item1, two.Item2];
    private static Tensor[] List((Tensor, Tensor, Tensor) three) => [three.Item1, three.Item2, three.Item3];
}
