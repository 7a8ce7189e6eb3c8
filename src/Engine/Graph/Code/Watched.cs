using System.Collections;
using System.Reflection;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>A field with what it held when a graph was made: a value, the elements of a list, or which object.</summary>
internal sealed class Watched(string name, object? owner, FieldInfo field, bool isOfUser)
{
    /// <summary>A longer list is watched for its length only, as is one of structures around objects.</summary>
    public const int Longest = 4096;

    private readonly object? before = Kept(field.GetValue(owner));

    /// <summary>What is another one now, in a sentence; null for nothing.</summary>
    public string? Change()
    {
        var now = field.GetValue(owner);
        if (before is object?[] elements ? now is ICollection list && AreSame(elements, list) : IsSame(before, now) || IsRegistered(now)) return null;
        var what = IsValue(field.FieldType) ? FormattableString.Invariant($"{name} was {before} when the graph was made and is {now} now")
            : before is object?[] && now is ICollection ? $"{name} holds something else now than when the graph was made" : $"{name} is another {(now ?? before)!.GetType().Name} now than when the graph was made";
        return $"{what}, which the graph would not follow: make the graph again{(isOfUser ? ", or keep it in a buffer (register_buffer), which is read anew" : "")}";
    }

    /// <summary>Something that is compared by what it holds: plain, or a structure of such.</summary>
    public static bool IsValue(Type type)
        => ModuleFields.IsPlain(type) || type.IsValueType && type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).All(f => f.FieldType != type && IsValue(f.FieldType));

    private static object? Kept(object? value) => value is not ICollection list ? value
        : list.Count > Longest || list.Cast<object?>().Any(e => e is ValueType && !IsValue(e.GetType())) ? new object?[list.Count] : list.Cast<object?>().ToArray();

    private static bool AreSame(object?[] before, ICollection now)
    {
        if (now.Count != before.Length) return false;
        if (before.Length == 0 || before[0] is null) return true; // watched for its length
        var i = 0;
        foreach (var one in now)
            if (!IsSame(before[i++], one)) return false;
        return true;
    }

    // As those are after a move to another device: the graph asks for what is registered.
    private bool IsRegistered(object? now) => now is Tensor && owner is nn.Module module && (module.parameters(false).Any(p => ReferenceEquals(p, now)) || module.named_buffers(false).Any(b => ReferenceEquals(b.buffer, now)));

    private static bool IsSame(object? before, object? now)
        => ReferenceEquals(before, now) || before is not null && now is not null && before.GetType() == now.GetType() && IsValue(before.GetType()) && before.Equals(now);
}
