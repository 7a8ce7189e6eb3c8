using System.Reflection;
using System.Runtime.CompilerServices;

namespace Interactive.Extensions.Display;

/// <summary>What an object shows of itself: its public properties and fields, or the items of a tuple.</summary>
internal static class ObjectMembers
{
    private static readonly ConditionalWeakTable<Type, IReadOnlyList<Member>> known = [];

    /// <summary>A property or field, or an item of a tuple.</summary>
    /// <param name="Name">As it is written.</param>
    /// <param name="Read">Its value in an object.</param>
    public sealed record Member(string Name, Func<object, object?> Read)
    {
        /// <summary>Its value; where its getter throws, the name of what it throws. An interrupt goes on.</summary>
        public object? Get(object value)
        {
            try { return Read(value); }
            catch (TargetInvocationException e) when (!DisplayHost.IsInterrupted())
            {
                return e.InnerException!.GetType()
                .Name;
            }
            catch (NotSupportedException e) { return e.GetType().Name; } // a pointer or a reference
        }
    }

    /// <summary>
    /// In the order of their declaration, those of a derived type first; a hidden one does not count.
    /// </summary>
    public static IReadOnlyList<Member> Of(Type type) => known.GetValue(type, Find);

    private static IReadOnlyList<Member> Find(Type type)
    {
        const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;
        var fields = type.GetFields(Public).Where(f => !f.FieldType.IsByRefLike && !f.Name.StartsWith('<')).Select(f => new Member(f.Name, f.GetValue));
        if (typeof(ITuple).IsAssignableFrom(type) && type.IsGenericType && type.Namespace == nameof(System))
            return [.. Enumerable.Range(0, Length(type)).Select(i => new Member($"Item{i + 1}", value => ((ITuple)value)[i]))];
        var properties =
            type.GetProperties(Public)
            .Where(
            p => p.CanRead && p.GetMethod!.IsPublic && p.GetIndexParameters().Length == 0 && !p.PropertyType.IsByRefLike
            && !Waits(p)).Select(p => new Member(p.Name, p.GetValue));
        return [.. properties.Concat(fields).DistinctBy(m => m.Name)];
    }

    // A tuple keeps what follows its seventh item in a tuple of its own.
    private static int Length(Type tuple)
        => tuple.GetGenericArguments() is { Length: 8 } parts ? 7 + Length(parts[7]) : tuple.GetGenericArguments().Length;

    // To ask a task for its result is to wait for it, and to ask a lazy value is to make it.
    private static bool Waits(PropertyInfo property)
        => property is { Name: "Result", DeclaringType.Namespace: "System.Threading.Tasks" }
        or { Name: "Value", DeclaringType.Name: "Lazy`1" };
}
