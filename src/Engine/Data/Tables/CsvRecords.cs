using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using CsvHelper.TypeConversion;

namespace Interactive.Data;

/// <summary>The rows of a CSV file as objects of a type, whose parameters or properties are columns.</summary>
internal static class CsvRecords
{
    /// <exception cref="UsageException">A column is missing, or a value does not fit; the message names the line.</exception>
    public static List<T> Read<T>(string path)
    {
        var (reader, way) = CsvFile.Open(path);
        way.PrepareHeaderForMatch = header => Plain(header.Header ?? "");
        way.TrimOptions = TrimOptions.Trim;
        using (reader)
        using (var csv = new CsvReader(reader, way))
            try
            {
                Prepare(csv.Context);
                return Rows<T>(csv, path);
            }
            catch (HeaderValidationException e)
            {
                throw new UsageException($"{path}: there is no column for {string.Join(", ", e.InvalidHeaders.Select(h => $"'{h.Names[0]}'").Distinct())} of {typeof(T).Name}; the columns are {string.Join(", ", csv.HeaderRecord!)}");
            }
            catch (TypeConverterException e) { throw Unfit<T>(e, csv, path); }
            catch (ReaderException e) when (e.InnerException is TypeConverterException inner) { throw Unfit<T>(inner, csv, path); }
            catch (Exception e) when (e is BadDataException or InvalidDataException or System.Text.DecoderFallbackException) { throw CsvFile.Damaged(path, e); }
    }

    private static List<T> Rows<T>(CsvReader csv, string path)
    {
        if (!csv.Read() || !csv.ReadHeader()) throw new UsageException($"{path}: the file is empty; its first line names the columns");
        CsvFile.RequireSeparated(path, csv.HeaderRecord!);
        csv.ValidateHeader<T>();
        foreach (var alike in csv.HeaderRecord!.GroupBy(Plain).Where(group => group.Count() > 1))
            if (Members<T>().FirstOrDefault(m => Plain(m.Name) == alike.Key).Name is { } member)
                throw new UsageException($"{path}: the columns {string.Join(" and ", alike.Select(name => $"'{name}'"))} are both {member} of {typeof(T).Name}");
        var rows = new List<T>();
        while (csv.Read())
        {
            if (csv.Parser.Count != csv.HeaderRecord!.Length && csv.Parser.Record is not null) // where a quote is wrong, it says so
                throw new UsageException($"{path}, line {csv.Parser.RawRow}: {csv.Parser.Count} values, the header names {csv.HeaderRecord.Length} columns");
            rows.Add(csv.GetRecord<T>());
        }
        return rows.Count > 0 ? rows : throw new UsageException($"{path}: there is no row");
    }

    private static void Prepare(CsvContext context)
    {
        context.TypeConverterCache.AddConverter<float>(new Finite(new SingleConverter()));
        context.TypeConverterCache.AddConverter<double>(new Finite(new DoubleConverter()));
        var options = new TypeConverterOptions();
        options.NullValues.AddRange(CsvFile.Missing.SelectMany(InAnyLetters));
        foreach (var type in (Type[])[typeof(int?), typeof(long?), typeof(bool?), typeof(DateTime?)])
            context.TypeConverterOptionsCache.AddOptions(type, options);
        // Commas are not skipped: "1,5" would be 15.
        var plain = new TypeConverterOptions { NumberStyles = NumberStyles.Float };
        var missing = new TypeConverterOptions { NumberStyles = NumberStyles.Float };
        missing.NullValues.AddRange(options.NullValues);
        foreach (var type in (Type[])[typeof(float), typeof(double), typeof(decimal)])
        {
            context.TypeConverterOptionsCache.AddOptions(type, plain);
            context.TypeConverterOptionsCache.AddOptions(typeof(Nullable<>).MakeGenericType(type), missing);
        }
    }

    private static IEnumerable<string> InAnyLetters(string text)
        => text.Aggregate((IEnumerable<string>)[""], (begun, c) => char.IsLetter(c)
            ? begun.SelectMany(b => new[] { b + char.ToUpperInvariant(c), b + char.ToLowerInvariant(c) })
            : begun.Select(b => b + c));

    private static UsageException Unfit<T>(TypeConverterException e, CsvReader csv, string path)
    {
        var (text, header) = (e.Text ?? "", csv.HeaderRecord!);
        var column = csv.CurrentIndex >= 0 && csv.CurrentIndex < header.Length ? header[csv.CurrentIndex] : "?";
        var type = Members<T>().FirstOrDefault(m => Plain(m.Name) == Plain(column)).Type;
        var wanted = (type is null ? null : Nullable.GetUnderlyingType(type) ?? type)?.Name ?? "value";
        var why = CsvFile.Missing.Contains(text) ? $"the value is missing ('{text}'); a {wanted}? takes such"
            : $"'{text}' is no {(wanted is nameof(Single) or nameof(Double) ? "finite " : "")}{wanted}";
        return new($"{path}, line {csv.Parser.RawRow}, column '{column}': {why}");
    }

    private static IEnumerable<(string Name, Type Type)> Members<T>()
        => typeof(T).GetConstructors().SelectMany(c => c.GetParameters()).Select(p => (p.Name ?? "", p.ParameterType))
            .Concat(typeof(T).GetProperties().Select(p => (p.Name, p.PropertyType)));

    // body_mass_g is BodyMassG
    private static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();

    // .NET reads 1e400 as infinity.
    private sealed class Finite(DefaultTypeConverter inner) : DefaultTypeConverter
    {
        public override object? ConvertFromString(string? text, IReaderRow row, MemberMapData data)
            => inner.ConvertFromString(text, row, data) switch
            {
                float number when !float.IsFinite(number) => throw new TypeConverterException(this, data, text, row.Context, "not finite"),
                double number when !double.IsFinite(number) => throw new TypeConverterException(this, data, text, row.Context, "not finite"),
                var value => value,
            };
    }
}
