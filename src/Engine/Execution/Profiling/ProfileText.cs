using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text;
using Interactive.Graphs;
using static TorchSharp.torch;

namespace Interactive.Execution;

/// <summary>
/// A graph as text that differs where the bytes or seconds of a step may: nodes with their attributes, shapes and
/// types, what is trained, modes, and the insides of modules that the graph does not see into.
/// </summary>
internal static class ProfileText
{
    /// <summary>Appends it.</summary>
    public static void Write(Graph graph, StringBuilder text)
    {
        foreach (var input in graph.Inputs) text.Append(input).Append('\n');
        foreach (var node in graph.Nodes)
        {
            text.Append(node).Append(' ').AppendJoin(' ', node.Inputs.Select(v => v.Id)).Append(' ')
                .Append(node.Output.Type).Append(node.Output.IsOutput ? " output" : "");
            foreach (var (key, value) in node.Op.Attributes.OrderBy(a => a.Key,
                StringComparer.Ordinal)) text.Append(' ').Append(key).Append('=').Append(Words(value));
            foreach (var parameter in node.Op.Parameters) Write(parameter, text);
            text.Append(node.Op.IsTraining(true) ? "\n" : " eval\n");
            if (node.Op is Graphs.Ops.Opaque opaque) Write("", opaque.Module, text);
        }
        text.Append(graph.InputGradients ? "input gradients\n" : "");
        if (graph.Precision.IsMixed) text.Append(graph.Precision).Append('\n');
        if (graph.MemoryFormat != MemoryFormat.Contiguous) text.Append(graph.MemoryFormat).Append('\n');
    }

    private static void Write(nn.Module module, string name, StringBuilder text)
    {
        text.Append(name).Append(' ').Append(module.GetType().FullName).Append(module.training ? "" : " eval");
        foreach (var property in module.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .OrderBy(p => p.Name, StringComparer.Ordinal))
            if (property.GetIndexParameters().Length == 0 && IsPlain(property.PropertyType))
                text.Append(' ').Append(property.Name).Append('=').Append(Words(property.GetValue(module)));
        foreach (var field in module.GetType()
            .GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).OrderBy(f => f.Name,
            StringComparer.Ordinal))
            if (IsPlain(field.FieldType))
                text.Append(' ').Append(field.Name).Append('=').Append(Words(field.GetValue(module)));
        text.Append('\n');
    }

    private static void Write(string path, nn.Module module, StringBuilder text)
    {
        Write(module, path, text);
        foreach (var (name, parameter) in module.named_parameters(recurse: false)) Write(parameter, text.Append(name));
        foreach (var (name, buffer) in module.named_buffers(recurse: false)) Write(buffer, text.Append(name));
        foreach (var (name, child) in module.named_children()) Write($"{path}.{name}", child, text);
    }

    private static void Write(Tensor tensor, StringBuilder text)
        => text.Append(" (").AppendJoin(',', tensor.shape).Append(' ').Append(tensor.dtype)
        .Append(tensor.requires_grad ? " trained)" : ")");

    // Numbers, switches, names and lists of numbers.
    private static bool IsPlain(Type type)
        => type.IsPrimitive && type != typeof(nint) && type != typeof(nuint) || type.IsEnum || type == typeof(string)
        || type == typeof(long[]) || type == typeof(int[])
            || Nullable.GetUnderlyingType(type) is { } inner && IsPlain(inner);

    private static string Words(object? value)
        => value is string text ? text
        : value is IEnumerable list ? string.Join(',', list.Cast<object>().Select(Words))
        : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
