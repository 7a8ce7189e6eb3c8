using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Interactive.Extensions.Display;

/// <summary>
/// A value on one line: collections with their elements, objects that have no text of their own by their members. What
/// holds itself is cut where it comes again.
/// </summary>
internal sealed partial class ObjectText
{
    private const int MostItems = 200, MostNestedItems = 20, Deepest = 5, MostCharacters = 100_000;
    private const string Cut = "…";

    private readonly HashSet<object> open = new(ReferenceEqualityComparer.Instance);
    private readonly StringBuilder text = new();

    /// <summary>The text of a value.</summary>
    public static string Of(object? value)
    {
        var writer = new ObjectText();
        writer.Write(value, 0);
        return writer.text.ToString();
    }

    /// <summary>A value in a table: numbers with at most six digits.</summary>
    public static string Cell(object? value)
        => value is null or double or float or IFormattable ? Table.Cell(value) : value is DBNull ? "" : Of(value);

    /// <summary>Whether a type's values are one text, and have no parts.</summary>
    public static bool IsPlain(Type type)
        => type.IsPrimitive || type.IsEnum || type.IsPointer || typeof(Type).IsAssignableFrom(type)
        || typeof(Delegate).IsAssignableFrom(type)
        || type == typeof(string)
        || typeof(IFormattable).IsAssignableFrom(type)
        && type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true;

    /// <summary>
    /// Whether a type says what its values are in words of its own, not in what the compiler or the runtime has made.
    /// </summary>
    public static bool HasOwnText(Type type)
    {
        var method = type.GetMethod(nameof(ToString), Type.EmptyTypes);
        return method is not null && method.DeclaringType != typeof(object) && method.DeclaringType != typeof(ValueType)
            && !method.IsDefined(typeof(CompilerGeneratedAttribute))
            && !IsAnonymous(type) && !typeof(ITuple).IsAssignableFrom(type)
            && method.DeclaringType?.Name is not "KeyValuePair`2";
    }

    /// <summary>A type's name without the compiler's wrapping of scripts.</summary>
    public static string Name(Type type) => Wrapping().Replace(type.ToString(), "");

    // The script host's name for it.
    [GeneratedRegex(@"__Submission_\d+\+")]
    private static partial Regex Wrapping();

    /// <summary>Text of JSON, XML and the like, which is a value's own form; null for all others.</summary>
    public static string? OfDocument(object value) => value switch
    {
        JsonNode node => node.ToJsonString(Indented),
        JsonElement element => JsonSerializer.Serialize(element, Indented),
        JsonDocument document => JsonSerializer.Serialize(document.RootElement, Indented),
        XmlNode xml => xml.OuterXml,
        XObject xml => xml.ToString(),
        _ when IsJsonOfNewtonsoft(value.GetType()) => value.ToString(),
        _ => null,
    };

    internal static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static bool IsJsonOfNewtonsoft(Type? type)
        => type is not null && (type.FullName == "Newtonsoft.Json.Linq.JToken" || IsJsonOfNewtonsoft(type.BaseType));

    private static bool IsAnonymous(Type type)
        => type.Name.Contains("AnonymousType", StringComparison.Ordinal)
        && type.IsDefined(typeof(CompilerGeneratedAttribute));

    private bool IsFull => text.Length > MostCharacters;

    private void Write(object? value, int depth)
    {
        if (IsFull) return;
        if (value is null) text.Append("null");
        else if (value is string own) text.Append(own);
        else if (IsPlain(value.GetType()))
            text.Append(value is IFormattable f ? f.ToString(null, CultureInfo.InvariantCulture)
            : value is Type type ? Name(type) : value.ToString());
        else if (OfDocument(value) is { } document) text.Append(Flat(document));
        else if (depth > Deepest || !value.GetType().IsValueType && !open.Add(value)) text.Append(Cut);
        else
        {
            Whole(value, depth);
            open.Remove(value);
        }
    }

    private void Whole(object value, int depth)
    {
        var type = value.GetType();
        if (value is ITuple tuple) List("(", Enumerable.Range(0, tuple.Length).Select(i => tuple[i]), ")", depth);
        else if (value is Array { Rank: > 1 } array) Dimension(array, new int[array.Rank], 0, depth);
        else if (value is IDictionary map) Map(map, depth);
        else if (Key(value) is { } key && value is IEnumerable group)
        {
            Write(key(value), depth + 1);
            text.Append(": ");
            List("[", group, "]", depth);
        }
        else if (value is IEnumerable items) List("[", items, "]", depth);
        else if (type.Name == "KeyValuePair`2") List("[", ObjectMembers.Of(type).Select(m => m.Get(value)), "]", depth);
        else if (HasOwnText(type)) text.Append(value.ToString());
        else Members(value, type, depth);
    }

    private void Members(object value, Type type, int depth)
    {
        var members = ObjectMembers.Of(type);
        if (!IsAnonymous(type)) text.Append(Name(type)).Append(members.Count > 0 ? " " : "");
        if (members.Count == 0) return;
        text.Append("{ ");
        for (var i = 0; i < members.Count && !IsFull; i++)
        {
            text.Append(i > 0 ? ", " : "").Append(members[i].Name).Append(" = ");
            Write(members[i].Get(value), depth + 1);
        }
        text.Append(" }");
    }

    private void Map(IDictionary map, int depth)
    {
        text.Append('{');
        var count = 0;
        foreach (DictionaryEntry entry in map)
        {
            if (count++ == MostNestedItems || IsFull) break;
            text.Append(count > 1 ? ", " : "");
            Write(entry.Key, depth + 1);
            text.Append(": ");
            Write(entry.Value, depth + 1);
        }
        text.Append(count > MostNestedItems ? $", {Cut}}}" : "}");
    }

    private void List(string begin, IEnumerable items, string end, int depth)
    {
        text.Append(begin);
        var (count, most) = (0, depth == 0 ? MostItems : MostNestedItems);
        // No more is drawn from it than is shown: it may be endless.
        foreach (var item in items)
        {
            if (DisplayHost.IsInterrupted()) throw new OperationCanceledException();
            if (count++ == most || IsFull) break;
            text.Append(count > 1 ? ", " : "");
            Write(item, depth + 1);
        }
        text.Append(count > most ? $", {Cut}" : "").Append(end);
    }

    private void Dimension(Array array, int[] index, int dimension, int depth)
    {
        text.Append('[');
        for (var i = 0; i < array.GetLength(dimension); i++)
        {
            text.Append(i > 0 ? ", " : "");
            if (i == MostNestedItems || IsFull)
            {
                text.Append(Cut);
                break;
            }
            index[dimension] = array.GetLowerBound(dimension) + i;
            if (dimension + 1 < array.Rank) Dimension(array, index, dimension + 1, depth);
            else Write(array.GetValue(index), depth + 1);
        }
        text.Append(']');
    }

    /// <summary>What reads the key of a group; null for what is none.</summary>
    public static Func<object, object?>? Key(object value)
    {
        var grouping = value.GetType().GetInterfaces()
            .FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IGrouping<,>));
        return grouping is null ? null : grouping.GetProperty("Key")!.GetValue;
    }

    private static string Flat(string document)
        => string.Join(' ', document.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
