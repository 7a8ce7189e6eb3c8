using System.Collections;
using System.Collections.Specialized;
using System.Data;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interactive.Extensions.Display;

/// <summary>
/// Values of types that are not known here: a sequence of records as a table, an object by its properties and fields.
/// </summary>
internal static class ObjectFormat
{
    private const int MostRows = 50, MostItems = 200, MostColumns = 40;

    public static MimeBundle Format(object value) => value switch
    {
        string text => MimeBundle.Plain(text),
        System.Text.StringBuilder text => MimeBundle.Plain(text.ToString()),
        _ when ObjectText.OfDocument(value) is { } document => Document(value, document),
        DataTable data => Data(data),
        DataSet set => Sheets(set.Tables.Cast<DataTable>()),
        DataView view => Data(view.ToTable()),
        DataRow row => Rows([.. row.Table.Columns.Cast<DataColumn>().Select(c => c.ColumnName)], [row.ItemArray]),
        Array { Rank: 2 } array => Grid(array),
        Array { Rank: > 2 } => MimeBundle.Plain(ObjectText.Of(value)),
        IDictionary map => Map(map),
        NameValueCollection pairs => Map(pairs.AllKeys.ToDictionary(name => name ?? "", name => pairs[name])),
        IEnumerable items when ObjectText.Key(value) is { } key => Group(key(value), Sequence(items)),
        IEnumerable items => Sequence(items),
        Task task => Properties(task, [("Status", task.Status), .. Result(task)]),
        _ when ObjectText.IsPlain(value.GetType()) => MimeBundle.Plain(ObjectText.Of(value)),
        _ when Elements(value) is { } elements => Sequence(elements),
        _ => Properties(value, ObjectMembers.Of(value.GetType()).Select(m => (m.Name, m.Get(value)))),
    };

    private static MimeBundle Sequence(IEnumerable items)
    {
        var taken = new List<object?>();
        // No more is drawn from it than is shown: it may be endless.
        foreach (var item in items)
        {
            if (DisplayHost.IsInterrupted()) throw new OperationCanceledException();
            taken.Add(item);
            if (taken.Count > MostItems) break;
        }
        var records = taken.OfType<object>().ToList();
        if (records.Count == 0 || records.Any(r => !IsRecord(r)))
            return MimeBundle.Plain(ObjectText.Of(items is ICollection ? items : taken));
        // Records of several types share the columns whose names they share.
        var columns = records.SelectMany(r => ObjectMembers.Of(r.GetType()).Select(m => m.Name)).Distinct().ToList();
        if (columns.Count > MostColumns && records.Select(r => r.GetType()).Distinct().Count() > 1)
            return MimeBundle.Plain(ObjectText.Of(taken));
        var rows = taken.Take(MostRows).Select(item => (IReadOnlyList<string>)[.. columns.Select(c => Member(item, c))])
            .ToList();
        var note = taken.Count <= MostRows ? null
            : items is ICollection all ? $"{MostRows} of {all.Count} rows" : $"the first {MostRows} rows";
        return new Table(columns, rows, note).ToBundle();
    }

    private static string Member(object? item, string name) =>
        item is not null && ObjectMembers.Of(item.GetType()).FirstOrDefault(m => m.Name == name) is { } member
            ? ObjectText.Cell(member.Get(item)) : "";

    // What a table's row can be made of: no text, no number, nothing that has elements itself.
    private static bool IsRecord(object value)
        => value.GetType() is var type && !ObjectText.IsPlain(type) && value is not IEnumerable and not JsonElement
        && ObjectText.OfDocument(value) is null && ObjectMembers.Of(type).Count > 0;

    private static MimeBundle Map(IDictionary map)
    {
        var rows = new List<IReadOnlyList<string>>();
        foreach (DictionaryEntry entry in map)
        {
            if (rows.Count == MostItems) break;
            rows.Add([ObjectText.Cell(entry.Key), ObjectText.Cell(entry.Value)]);
        }
        return new Table(["key", "value"], rows,
            map.Count > MostItems ? $"{MostItems} of {map.Count} entries" : null).ToBundle();
    }

    private static MimeBundle Group(object? key, MimeBundle items)
    {
        var name = ObjectText.Of(key);
        var html = items.Data.TryGetValue(Mime.Html, out var table) ? (string)table
            : $"<pre>{Table.Encode(items.Text)}</pre>";
        return new(new Dictionary<string,
            object>
        {
            [Mime.Html] = $"<b>{Table.Encode(name)}</b>{html}", [Mime.Text] = items.Text.Contains('\n')
            ? $"{name}:\n{items.Text}" : $"{name}: {items.Text}"
        });
    }

    private static MimeBundle Properties(object value, IEnumerable<(string Name, object? Value)> members)
    {
        var rows = members.Select(m => (IReadOnlyList<string>)[m.Name, ObjectText.Cell(m.Value)]).ToList();
        var type = value.GetType();
        if (rows.Count == 0) return MimeBundle.Plain(ObjectText.Of(value));
        var table = new Table(["", ""], rows);
        var isWords = ObjectText.HasOwnText(type) || value is System.Runtime.CompilerServices.ITuple
            || value is ValueType || IsRecordType(type);
        // What it says of itself is not in its members.
        var words = ObjectText.HasOwnText(type) && value is not Task && ObjectText.Of(value).Length > 0 ? $"<pre>{Table.Encode(ObjectText.Of(value))}</pre>" : "";
        return new(new Dictionary<string,
            object>
        {
            [Mime.Html] = words + table.ToHtml(), [Mime.Text] = isWords ? ObjectText.Of(value)
            : table.ToText().TrimStart('\n', ' ')
        });
    }

    private static bool IsRecordType(Type type) => type.GetMethod("<Clone>$") is not null;

    private static IEnumerable<(string, object?)> Result(Task task)
        => task is { IsCompletedSuccessfully: true } && task.GetType().GetProperty("Result") is { } result
        && result.PropertyType.Name != "VoidTaskResult"
        ? [("Result", result.GetValue(task))]
        : task.Exception is { } error ? [("Exception", error.GetBaseException().GetType().Name)] : [];

    // Memory<T> has elements, but is no sequence.
    private static IEnumerable? Elements(object value)
        => value.GetType() is { IsGenericType: true } type
        && (type.GetGenericTypeDefinition() == typeof(Memory<>)
        || type.GetGenericTypeDefinition() == typeof(ReadOnlyMemory<>))
        ? (IEnumerable?)type.GetMethod("ToArray", BindingFlags.Instance | BindingFlags.Public)!.Invoke(value, null)
        : null;

    private static MimeBundle Grid(Array array)
    {
        var (height, width) = (array.GetLength(0), array.GetLength(1));
        var (top, left) = (array.GetLowerBound(0), array.GetLowerBound(1));
        if (height == 0 || width == 0) return MimeBundle.Plain($"[{height} x {width}]");
        var columns = Math.Min(width, MostColumns);
        var rows =
            Enumerable.Range(0, Math.Min(height, MostRows))
            .Select(r => (IReadOnlyList<string>)[.. Enumerable.Range(0, columns)
            .Select(c => ObjectText.Cell(array.GetValue(top + r, left + c)))]).ToList();
        var note = height > MostRows || width > columns ? $"{rows.Count} x {columns} of {height} x {width}" : null;
        var table = new Table([.. Enumerable.Repeat("", columns)], rows, note);
        return new(new Dictionary<string,
            object>
        {
            [Mime.Html] = table.ToHtml(), [Mime.Text] =
            table.ToText()[(table.ToText().IndexOf('\n') + 1)..]
        });
    }

    private static MimeBundle Data(DataTable data)
        => Rows([.. data.Columns.Cast<DataColumn>().Select(c => c.ColumnName)],
        [.. data.Rows.Cast<DataRow>().Where(r => r.RowState != DataRowState.Deleted).Take(MostRows)
            .Select(r => r.ItemArray)], data.Rows.Count > MostRows ? $"{MostRows} of {data.Rows.Count} rows" : null);

    private static MimeBundle Rows(string[] columns, object?[][] rows, string? note = null) =>
        new Table(columns, [.. rows.Select(row => (IReadOnlyList<string>)[.. row.Select(ObjectText.Cell)])],
            note).ToBundle();

    private static MimeBundle Sheets(IEnumerable<DataTable> tables)
    {
        var sheets = tables.Select(t => (t.TableName, Bundle: Data(t))).ToList();
        return new(new Dictionary<string, object>
        {
            [Mime.Html] =
                string.Concat(sheets.Select(s => $"<b>{Table.Encode(s.TableName)}</b>{s.Bundle.Data[Mime.Html]}")),
            [Mime.Text] = string.Join("\n\n", sheets.Select(s => $"{s.TableName}\n{s.Bundle.Text}")),
        });
    }

    private static MimeBundle Document(object value, string text)
        => value is System.Xml.XmlNode or System.Xml.Linq.XObject ? MimeBundle.Plain(text)
        : new(new Dictionary<string, object> { ["application/json"] = Node(value, text), [Mime.Text] = text });

    private static object Node(object value, string text)
    {
        try { return value as JsonNode ?? JsonNode.Parse(text) ?? (object)text; }
        catch (JsonException) { return text; } // a token of Newtonsoft's that is no whole document
    }
}
