using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// Registers modules under dotted names, making the containers on the way, so that state dictionaries nest.
/// </summary>
internal static class ModuleTree
{
    private sealed class Container() : nn.Module("scope");

    public static void Register(nn.Module root, string path, nn.Module module)
        => Parent(root, path, out var name).register_module(name, module);

    /// <summary>Registers a parameter or a buffer in the same way.</summary>
    public static void Register(nn.Module root, string path, Tensor tensor)
    {
        var parent = Parent(root, path, out var name);
        if (tensor is TorchSharp.Modules.Parameter parameter) parent.register_parameter(name, parameter);
        else parent.register_buffer(name, tensor);
    }

    private static nn.Module Parent(nn.Module root, string path, out string name)
    {
        var parent = root;
        var parts = path.Split('.');
        foreach (var part in parts[..^1])
        {
            if (parent.named_children().FirstOrDefault(c => c.name == part).module is not { } child)
                parent.register_module(part, child = new Container());
            parent = child;
        }
        name = parts[^1];
        return parent;
    }

    /// <summary>Registers all that a module holds with another one, under the same names.</summary>
    public static void Adopt(nn.Module root, nn.Module module)
    {
        // A TorchScript module holds the parameters of its parts itself, under their dotted names.
        if (module is not jit.ScriptModule)
            foreach (var (name, child) in module.named_children()) root.register_module(name, child);
        foreach (var (name, parameter) in module.named_parameters(false)) root.register_parameter(name, parameter);
        foreach (var (name, buffer) in module.named_buffers(false)) root.register_buffer(name, buffer);
    }
}
