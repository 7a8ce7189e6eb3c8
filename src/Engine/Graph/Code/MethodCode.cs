using System.Reflection;
using System.Reflection.Emit;

namespace Interactive.Graphs;

/// <summary>Reads the instructions of a compiled method.</summary>
internal static class MethodCode
{
    private static readonly Dictionary<short, OpCode> codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => c.Value);

    /// <summary>
    /// The methods it calls or takes and the fields that it reads or writes, and without a member what it puts into arrays; what cannot be
    /// resolved is passed over.
    /// </summary>
    public static IEnumerable<(OpCode Code, MemberInfo? Member)> Members(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } bytes) yield break;
        for (var at = 0; at < bytes.Length;)
        {
            var value = bytes[at] == 0xFE ? unchecked((short)(0xFE00 | bytes[at + 1])) : bytes[at];
            if (!codes.TryGetValue(value, out var code)) yield break;
            at += code.Size;
            if (code == OpCodes.Ldelema || code.Name!.StartsWith("stelem", StringComparison.Ordinal)) yield return (code, null);
            if (code.OperandType is OperandType.InlineMethod or OperandType.InlineField && Member(method, BitConverter.ToInt32(bytes, at)) is { } member)
                yield return (code, member);
            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(bytes, at),
                _ => 4,
            };
        }
    }

    private static MemberInfo? Member(MethodBase method, int token)
    {
        try
        {
            return method.Module.ResolveMember(token, method.DeclaringType?.GetGenericArguments(), method.IsGenericMethod ? method.GetGenericArguments() : null);
        }
        catch (Exception e) when (e is ArgumentException or BadImageFormatException or FileNotFoundException or FileLoadException or TypeLoadException or MissingMemberException)
        {
            return null;
        }
    }
}
