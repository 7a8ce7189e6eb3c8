using System.Globalization;
using System.Net;
using System.Text;
using Interactive.Extensions.DotnetInteractive;

namespace Interactive.Extensions.Display;

/// <summary>A table of texts; columns of numbers are set flush right.</summary>
/// <param name="Columns">Their names.</param>
/// <param name="Rows">Cells, one a column.</param>
/// <param name="Note">A line below, such as how many rows were left out; null for none.</param>
[TypeFormatterSource(typeof(PolyglotFormatterSource))]
public sealed record Table(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows,
    string? Note = null)
{
    /// <summary>A cell's text: numbers with at most six digits, without the machine's own culture.</summary>
    public static string Cell(object? value) => value switch
    {
        null => "",
        double d => d.ToString("G6", CultureInfo.InvariantCulture),
        float f => f.ToString("G6", CultureInfo.InvariantCulture),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    /// <summary>Text and HTML.</summary>
    public MimeBundle ToBundle()
        => new(new Dictionary<string, object> { [Mime.Html] = ToHtml(), [Mime.Text] = ToText() });

    /// <summary>Aligned columns.</summary>
    public string ToText()
    {
        var widths = Columns.Select((name, i) => Rows.Select(r => r[i].Length).Append(name.Length).Max()).ToArray();
        var text = new StringBuilder();
        foreach (var row in Rows.Prepend(Columns))
        {
            for (var i = 0; i < widths.Length; i++)
                text.Append(i > 0 ? "  " : "").Append(IsNumeric(i) ? row[i].PadLeft(widths[i])
                    : i == widths.Length - 1 ? row[i] : row[i].PadRight(widths[i]));
            text.Append('\n');
        }
        return (Note is null ? text.ToString() : text.Append(Note).ToString()).TrimEnd('\n');
    }

    /// <summary>A <c>table</c> element.</summary>
    public string ToHtml()
    {
        var html = new StringBuilder("<table>");
        if (Columns.Any(c => c.Length > 0))
            html.Append("<thead><tr>").AppendJoin("", Columns.Select((c, i) => $"<th{Style(i)}>{Encode(c)}</th>"))
            .Append("</tr></thead>");
        html.Append("<tbody>");
        foreach (var row in Rows)
            html.Append("<tr>").AppendJoin("", row.Select((c, i) => $"<td{Style(i)}>{Encode(c)}</td>")).Append("</tr>");
        html.Append("</tbody></table>");
        return Note is null ? html.ToString() : html.Append($"<p>{Encode(Note)}</p>").ToString();
    }

    private string Style(int column)
        => IsNumeric(column) ? " style=\"text-align:right\"" : " style=\"text-align:left\"";

    private bool IsNumeric(int column) => Rows.Count > 0
        && Rows.All(r => r[column].Length == 0
        || double.TryParse(r[column], NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture,
        out _));

    internal static string Encode(string text) => WebUtility.HtmlEncode(text);
}
