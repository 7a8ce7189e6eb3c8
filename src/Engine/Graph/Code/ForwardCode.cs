using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Reflection.Emit;
using System.Security.Cryptography;
using TorchSharp;

namespace Interactive.Graphs;

/// <summary>
/// Whether the code of a module's forward decides by something that is no tensor: a generator or clock of .NET's, or a field that it
/// writes itself. Watching a few runs cannot tell: a layer that is skipped once in twenty runs may run each time.
/// </summary>
internal static class ForwardCode
{
    private static readonly Type[] chance = [typeof(Random), typeof(RandomNumberGenerator), typeof(Stopwatch), typeof(IAdvances)];

    private static readonly HashSet<(Type, string)> readings =
    [
        (typeof(Guid), nameof(Guid.NewGuid)), (typeof(DateTime), "get_Now"), (typeof(DateTime), "get_UtcNow"), (typeof(DateTimeOffset), "get_Now"),
        (typeof(DateTimeOffset), "get_UtcNow"), (typeof(Environment), "get_TickCount"), (typeof(Environment), "get_TickCount64"),
    ];

    private static readonly string[] changes = ["Add", "AddOrUpdate", "AddRange", "Clear", "Dequeue", "Enqueue", "GetOrAdd", "Insert", "Pop", "Push", "Remove", "TryAdd", "set_Item"];

    /// <summary>What code does in place.</summary>
    [Flags]
    internal enum Overwrites { None, Tensors = 1, Unrecorded = 2 }

    private static readonly ConcurrentDictionary<MemberInfo, Seen> known = new();

    /// <summary>What code does.</summary>
    /// <param name="Asks">What it decides by that is no tensor and not its own, as the end of a sentence about the module; null for nothing.</param>
    /// <param name="Writes">The same of a number of its own that it writes.</param>
    /// <param name="Reads">The fields of the user's classes that it reads and does not write itself.</param>
    /// <param name="Changes">The types of collections that it adds to or takes from.</param>
    /// <param name="Keeps">The fields in which it may keep something from one run to the next.</param>
    /// <param name="Overwrites">It writes over tensors, and asks autograd to look away where those may be parameters.</param>
    internal sealed record Seen(string? Asks, string? Writes, IReadOnlyList<FieldInfo> Reads, IReadOnlySet<Type> Changes, IReadOnlyList<FieldInfo> Keeps, Overwrites Overwrites)
    {
        public static Seen Nothing { get; } = new(null, null, [], new HashSet<Type>(), [], Overwrites.None);
    }

    /// <summary>
    /// What a module decides by, in its forward and in functions that its fields hold, as the end of a sentence about it; null for nothing
    /// that the code shows.
    /// </summary>
    public static string? Varies(torch.nn.Module module)
        => Codes(module).Select(c => c.Asks).FirstOrDefault(why => why is not null) ?? Counts(module);

    /// <summary>What a module's code writes beside tensors, as the end of a sentence about it; null for nothing.</summary>
    public static string? Counts(torch.nn.Module module) => Codes(module).Select(c => c.Writes).FirstOrDefault(why => why is not null);

    private static IEnumerable<Seen> Codes(torch.nn.Module module)
    {
        var seen = Of(module.GetType());
        return seen.Reads.Where(f => !f.IsStatic && f.DeclaringType!.IsInstanceOfType(module)).Select(f => f.GetValue(module)).OfType<Delegate>()
            .Select(d => Of(d.Method)).Prepend(seen);
    }

    /// <summary>
    /// Whether a forward may write into parameters or buffers: a queue of features, a net that follows another. A second run would do so
    /// twice.
    /// </summary>
    public static bool WritesTensors(torch.nn.Module module) => Of(module.GetType()).Overwrites is var how && how.HasFlag(Overwrites.Tensors)
        && (how.HasFlag(Overwrites.Unrecorded) || module.buffers(false).Any());

    /// <summary>Whether a second run of a module and its parts would do or decide something else than the first.</summary>
    /// <param name="counts">A number of its own that it writes, as a count of runs, is enough.</param>
    public static bool RunsOnce(torch.nn.Module module, bool counts = true)
        => module.modules().Prepend(module).Any(m => WritesTensors(m) || Codes(m).Any(c => c.Asks is not null || (counts && c.Writes is not null)));

    /// <summary>What the forward of a module of the user's does; nothing for others.</summary>
    public static Seen Of(Type module) => IsOfUser(module) ? known.GetOrAdd(module, m => Look((Type)m, Forwards((Type)m))) : Seen.Nothing;

    /// <summary>What a function of the user's does.</summary>
    public static Seen Of(MethodInfo function) => function.DeclaringType is { } type && IsOfUser(type) && !IsOfRuntime(type) ? known.GetOrAdd(function, f => Look(type, [(MethodInfo)f])) : Seen.Nothing;

    /// <summary>Neither TorchSharp's nor this library's: those are known.</summary>
    public static bool IsOfUser(Type type) => type.Assembly != typeof(torch).Assembly && type.Assembly != typeof(ForwardCode).Assembly;

    /// <summary>A class that came with .NET.</summary>
    public static bool IsOfRuntime(Type type) => type.Assembly == typeof(object).Assembly || type.Namespace is { } name && (name == "System" || name.StartsWith("System.", StringComparison.Ordinal));

    private static IEnumerable<MethodInfo> Forwards(Type type)
    {
        for (var own = type; own is not null && IsOfUser(own); own = own.BaseType)
            foreach (var method in own.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly))
                if (method.Name == "forward") yield return method;
    }

    private static Seen Look(Type type, IEnumerable<MethodInfo> from)
    {
        var (reads, writes, changed) = (new HashSet<FieldInfo>(), new HashSet<FieldInfo>(), new HashSet<Type>());
        var (asked, written, overwrites, fills) = ((string?)null, (string?)null, Overwrites.None, false); // arrays
        var seen = new HashSet<MethodBase>();
        var open = new Stack<MethodBase>(from);
        while (open.TryPop(out var method))
            if (seen.Add(method))
                foreach (var (code, member) in MethodCode.Members(method))
                {
                    fills |= member is null;
                    asked ??= Asks(member);
                    written ??= Writes(type, code, member);
                    if (member is FieldInfo { IsLiteral: false } field) (code == OpCodes.Stfld || code == OpCodes.Stsfld ? writes : reads).Add(field);
                    else if (member is MethodBase { DeclaringType: { } of, IsConstructor: false } next)
                    {
                        if (IsBeside(type, of)) open.Push(next);
                        else if (changes.Contains(next.Name) && IsOfRuntime(of)) changed.Add(of);
                        else if (of.Assembly == typeof(torch).Assembly) overwrites |= InPlace(next);
                    }
                }
        // A counter in an object that a field holds.
        written ??= writes.Where(f => !f.IsStatic && ModuleFields.IsPlain(f.FieldType) && IsBeside(type, f.DeclaringType))
            .Select(f => (Of: f, In: reads.FirstOrDefault(r => !r.IsStatic && r.FieldType == f.DeclaringType && r.DeclaringType!.IsAssignableFrom(type))))
            .Where(w => w.In is not null && !IsOwn(type, w.Of)).Select(w => Writes($"{ModuleFields.NameOf(w.In!)}.{ModuleFields.NameOf(w.Of)}")).FirstOrDefault();
        reads.RemoveWhere(f => !IsBeside(type, f.DeclaringType) && !(IsOfUser(f.DeclaringType!) && f.DeclaringType!.IsAssignableFrom(type)));
        return new(asked, written, [.. reads.Except(writes)], changed, [.. reads.Where(f => !f.IsStatic && (writes.Contains(f) || changed.Contains(f.FieldType) || (fills && f.FieldType.IsArray)))], overwrites);
    }

    private static Overwrites InPlace(MethodBase method) => method.Name switch
    {
        "no_grad" or "set_grad_enabled" or "inference_mode" or nameof(torch.Tensor.detach) => Overwrites.Unrecorded,
        "set_Item" or "set_TensorItems" or "set_bytes" => Overwrites.Tensors,
        var name => name.EndsWith('_') && !name.StartsWith("requires_grad", StringComparison.Ordinal) ? Overwrites.Tensors : Overwrites.None,
    };

    // In the same library, or another cell of the same notebook.
    private static bool IsBeside(Type type, Type? other)
        => other is not null && (other.Module == type.Module || other.Assembly.Location.Length == 0 && type.Assembly.Location.Length == 0 && !IsOfRuntime(other) && IsOfUser(other));

    // A static one may be of any class beside the module's.
    private static bool IsOwn(Type type, FieldInfo field)
        => ModuleFields.IsPlain(field.FieldType) && (field.IsStatic ? IsBeside(type, field.DeclaringType) : field.DeclaringType!.IsAssignableFrom(type));

    private static string? Asks(MemberInfo? member)
        => member is MethodBase { DeclaringType: { } of } m && (chance.Any(c => c.IsAssignableFrom(of)) || readings.Contains((of, m.Name)))
            ? $"its code asks {of.Name}, which no graph can follow" : null;

    private static string? Writes(Type type, OpCode code, MemberInfo? member)
        => member is FieldInfo f && ((code == OpCodes.Stfld && IsOwn(type, f)) || (code == OpCodes.Stsfld && ModuleFields.IsPlain(f.FieldType)))
            ? Writes(ModuleFields.NameOf(f)) : null;

    private static string Writes(string field) => $"its code writes {field}, on which a later run may depend";
}
