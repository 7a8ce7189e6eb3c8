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
    private static readonly Type[] chance = [typeof(Random), typeof(RandomNumberGenerator), typeof(Stopwatch)];

    private static readonly HashSet<(Type, string)> readings =
    [
        (typeof(Guid), nameof(Guid.NewGuid)), (typeof(DateTime), "get_Now"), (typeof(DateTime), "get_UtcNow"), (typeof(DateTimeOffset), "get_Now"),
        (typeof(DateTimeOffset), "get_UtcNow"), (typeof(Environment), "get_TickCount"), (typeof(Environment), "get_TickCount64"),
    ];

    private sealed record Seen(string? Varies, IReadOnlyList<FieldInfo> Reads);

    private static readonly ConcurrentDictionary<Type, Seen> known = new();

    /// <summary>What it decides by, as the end of a sentence about the module; null for nothing that the code shows.</summary>
    public static string? Varies(torch.nn.Module module) => IsOfUser(module.GetType()) ? known.GetOrAdd(module.GetType(), Look).Varies : null;

    /// <summary>
    /// The fields that the forward of a module of the user's reads, its own and static ones, and that hold a number, a truth value or a text.
    /// </summary>
    public static IReadOnlyList<FieldInfo> Reads(torch.nn.Module module) => IsOfUser(module.GetType()) ? known.GetOrAdd(module.GetType(), Look).Reads : [];

    /// <summary>Neither TorchSharp's nor this library's: those are known.</summary>
    public static bool IsOfUser(Type type) => type.Assembly != typeof(torch).Assembly && type.Assembly != typeof(ForwardCode).Assembly;

    private static Seen Look(Type type)
    {
        var reads = new Dictionary<int, FieldInfo>();
        var seen = new HashSet<MethodBase>();
        var open = new Stack<MethodBase>();
        for (var own = type; own is not null && IsOfUser(own); own = own.BaseType)
            foreach (var method in own.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly))
                if (method.Name == "forward") open.Push(method);
        while (open.TryPop(out var method))
            if (seen.Add(method))
                foreach (var (code, member) in MethodCode.Members(method))
                    if (Varies(type, code, member) is { } why) return new(why, []);
                    else if (member is FieldInfo { IsInitOnly: false, IsLiteral: false } field && IsOwn(type, field)) reads[field.MetadataToken] = field;
                    else if (member is MethodBase next && next.Module == type.Module && !next.IsConstructor) open.Push(next);
        return new(null, [.. reads.Values]);
    }

    // A static one may be of any class beside the module's.
    private static bool IsOwn(Type type, FieldInfo field)
        => ModuleFields.IsPlain(field.FieldType) && (field.IsStatic ? field.Module == type.Module : field.DeclaringType!.IsAssignableFrom(type));

    private static string? Varies(Type type, OpCode code, MemberInfo member) => member switch
    {
        MethodBase { DeclaringType: { } of } m when chance.Any(c => c.IsAssignableFrom(of)) || readings.Contains((of, m.Name))
            => $"its code asks {of.Name}, which no graph can follow",
        FieldInfo f when code == OpCodes.Stfld && IsOwn(type, f) || code == OpCodes.Stsfld && ModuleFields.IsPlain(f.FieldType)
            => $"its code writes {f.Name}, on which a later run may depend",
        _ => null,
    };
}
