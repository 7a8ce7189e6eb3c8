namespace Interactive.Kernel.Directives;

/// <summary>Types as C# code writes them.</summary>
internal static class CSharpName
{
    /// <summary>The full name of a type: arrays, generic types and nested ones too.</summary>
    public static string Of(Type type)
    {
        if (type.IsArray) return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        var arguments = new Queue<Type>(type.GetGenericArguments());
        var parts = new Stack<Type>();
        for (var t = type; t is not null; t = t.DeclaringType) parts.Push(t);
        var name = string.Join('.', parts.Select(part =>
        {
            var tick = part.Name.IndexOf('`');
            return tick < 0 ? part.Name : $"{part.Name[..tick]}<{string.Join(", ", Enumerable.Range(0, int.Parse(part.Name[(tick + 1)..])).Select(_ => Of(arguments.Dequeue())))}>";
        }));
        return $"global::{(type.Namespace is { } space ? space + "." : "")}{name}";
    }
}
