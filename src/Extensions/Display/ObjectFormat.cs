using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Interactive.Extensions.Display;

/// <summary>Values of types that are not known here: a sequence of records as a table, an object by its properties.</summary>
internal static class ObjectFormat
{
    private const int MostRows = 50, MostItems = 200;

    public static MimeBundle Format(object value) => value switch
    {
        string text => MimeBundle.Plain(text),
        IDictionary map => Map(map),
        IEnumerable items => Sequence(items),
        _ when IsPlain(value.GetType()) => MimeBundle.Plain(Plain(value)),
        _ => Properties(value),
    };

    private static MimeBundle Sequence(IEnumerable items)
    {
        // No more is drawn from it than is shown: it may be endless.
        var taken = items.Cast<object?>().Take(MostItems + 1).ToList();
        var type = taken.FirstOrDefault(i => i is not null)?.GetType();
        if (type is null || IsPlain(type) || typeof(IEnumerable).IsAssignableFrom(type) || Columns(type) is not { Count: > 0 } columns)
            return MimeBundle.Plain($"[{string.Join(", ", taken.Take(MostItems).Select(i => i is null ? "null" : Plain(i)))}{(taken.Count > MostItems ? ", …" : "")}]");
        var rows = taken.Take(MostRows).Select(i => (IReadOnlyList<string>)[.. columns.Select(c => i is null || !c.Declares(i) ? "" : Table.Cell(c.Get(i)))]).ToList();
        var note = taken.Count <= MostRows ? null : items is ICollection all ? $"{MostRows} of {all.Count} rows" : $"the first {MostRows} rows";
        return new Table([.. columns.Select(c => c.Name)], rows, note).ToBundle();
    }

    private static MimeBundle Map(IDictionary map)
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (DictionaryEntry entry in map)
            if (rows.Count < MostItems) rows.Add([Table.Cell(entry.Key), Table.Cell(entry.Value)]);
        return new Table(["key", "value"], rows, map.Count > MostItems ? $"{MostItems} of {map.Count} entries" : null).ToBundle();
    }

    private static MimeBundle Properties(object value)
    {
        var columns = Columns(value.GetType());
        var text = Plain(value);
        if (columns.Count == 0) return MimeBundle.Plain(text);
        var table = new Table(["", ""], [.. columns.Select(c => (IReadOnlyList<string>)[c.Name, Table.Cell(c.Get(value))])]);
        return new(new Dictionary<string, object> { [Mime.Html] = table.ToHtml(), [Mime.Text] = text == value.GetType().ToString() ? table.ToText() : text });
    }

    private static string Plain(object value) => value is IFormattable f ? f.ToString(null, CultureInfo.InvariantCulture)
        : value is IEnumerable inner and not string ? Format(inner).Text : value.ToString() ?? "";

    private static bool IsPlain(Type type) => type.IsPrimitive || type.IsEnum || type.IsPointer || typeof(Type).IsAssignableFrom(type) || typeof(Delegate).IsAssignableFrom(type)
        || type == typeof(string) || typeof(IFormattable).IsAssignableFrom(type) && type.Namespace == "System";

    private sealed record Column(string Name, MemberInfo Member)
    {
        public bool Declares(object value) => Member.DeclaringType!.IsInstanceOfType(value);

        public object? Get(object value)
        {
            try { return Member is PropertyInfo property ? property.GetValue(value) : ((FieldInfo)Member).GetValue(value); }
            catch (TargetInvocationException e) { return e.InnerException!.GetType().Name; }
        }
    }

    private static List<Column> Columns(Type type) => typeof(ITuple).IsAssignableFrom(type)
        ? [.. type.GetFields().Where(f => f.Name.StartsWith("Item")).Select(f => new Column(f.Name, f))]
        : [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanRead && p.GetIndexParameters().Length == 0 && !p.PropertyType.IsByRefLike).Select(p => new Column(p.Name, p))];
}
