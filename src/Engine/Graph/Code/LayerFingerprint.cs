using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// One number of all sizes, rates and switches of a layer of TorchSharp's, another when one of them changes. A step asks hundreds of
/// layers: reading each field through reflection would cost it a fifth of a millisecond and 60 KB of garbage in a ResNet-50.
/// </summary>
internal static class LayerFingerprint
{
    private static readonly ConcurrentDictionary<Type, (FieldInfo[] Fields, Func<nn.Module, int> Of)> known = new();

    /// <summary>The fields that it covers, and how it is asked for.</summary>
    public static (FieldInfo[] Fields, Func<nn.Module, int> Of) Of(Type layer) => known.GetOrAdd(layer, type =>
    {
        var fields = Fields(type).ToArray();
        var module = Expression.Parameter(typeof(nn.Module));
        var number = fields.Aggregate<FieldInfo, Expression>(Expression.Constant(17), (sum, field) => Expression.Call(((Func<int, int, int>)HashCode.Combine).Method, sum,
            Hash(Expression.Field(Expression.Convert(module, field.DeclaringType!), field))));
        return (fields, Expression.Lambda<Func<nn.Module, int>>(number, module).Compile());
    });

    // Not of what all modules have, nor whether it may write over its input.
    private static IEnumerable<FieldInfo> Fields(Type? type)
    {
        for (; type is not null && type.Namespace == typeof(TorchSharp.Modules.Linear).Namespace; type = type.BaseType)
            foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                if (Watched.IsValue(field.FieldType.IsArray ? field.FieldType.GetElementType()! : field.FieldType) && !field.Name.Contains("inplace", StringComparison.Ordinal)) yield return field;
    }

    private static Expression Hash(Expression value)
    {
        if (value.Type.IsArray) return Expression.Call(((Func<long[]?, int>)OfElements).Method.GetGenericMethodDefinition().MakeGenericMethod(value.Type.GetElementType()!), value);
        var comparer = typeof(EqualityComparer<>).MakeGenericType(value.Type);
        return Expression.Call(Expression.Property(null, comparer, nameof(EqualityComparer<int>.Default)), comparer.GetMethod(nameof(GetHashCode), [value.Type])!, value);
    }

    private static int OfElements<T>(T[]? values)
    {
        var hash = new HashCode();
        foreach (var value in values ?? []) hash.Add(value);
        return hash.ToHashCode();
    }
}
