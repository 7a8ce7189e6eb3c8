using System.Globalization;
using Parquet;
using Parquet.Data;
using Parquet.Schema;

namespace Interactive.Data;

/// <summary>
/// One column of a row group, decoded: a value a row as <see cref="DataRecord"/> holds them, null for none.
/// </summary>
internal static class ParquetColumn
{
    /// <summary>Whether its values are ones that records hold: no lists, no maps.</summary>
    public static bool IsRead(DataField field) => field.MaxRepetitionLevel == 0 && Way(field.ClrType) is not null;

    /// <summary>A column's name: that of a struct's part is <c>image.bytes</c>.</summary>
    public static string Name(DataField field) => string.Join('.', field.Path.ToList());

    public static object?[] Read(ParquetRowGroupReader group, DataField field)
    {
        using var raw = group.ReadRawColumnDataBaseAsync(field).AsTask().GetAwaiter().GetResult();
        return Way(field.ClrType)!(raw, checked((int)group.RowCount), field.MaxDefinitionLevel);
    }

    private static Func<RawColumnData, int, int, object?[]>? Way(Type type)
        => type == typeof(ReadOnlyMemory<byte>)
            ? Of<ReadOnlyMemory<byte>>(v => (ReadOnlyMemory<byte>)v.ToArray()) // theirs goes back to a pool
        : type == typeof(ReadOnlyMemory<char>) ? Of<ReadOnlyMemory<char>>(v => v.ToString())
        : type == typeof(bool) ? Of<bool>(v => v ? 1L : 0L)
        : type == typeof(sbyte) ? Of<sbyte>(v => (long)v)
        : type == typeof(byte) ? Of<byte>(v => (long)v)
        : type == typeof(short) ? Of<short>(v => (long)v)
        : type == typeof(ushort) ? Of<ushort>(v => (long)v)
        : type == typeof(int) ? Of<int>(v => (long)v)
        : type == typeof(uint) ? Of<uint>(v => (long)v)
        : type == typeof(long) ? Of<long>(v => v)
        : type == typeof(ulong) ? Of<ulong>(v => checked((long)v))
        : type == typeof(float) ? Of<float>(v => (double)v)
        : type == typeof(double) ? Of<double>(v => v)
        : type == typeof(decimal) ? Of<decimal>(v => (double)v)
        : type == typeof(DateTime) ? Of<DateTime>(v => v.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF",
            CultureInfo.InvariantCulture))
        : null;

    private static Func<RawColumnData, int, int, object?[]> Of<T>(Func<T, object> convert) where T : struct
        => (raw, rows, mostDefined) =>
        {
            var values = ((RawColumnData<T>)raw).Values;
            var result = new object?[rows];
            var levels = mostDefined > 0 ? raw.DefinitionLevels : default;
            for (int row = 0, at = 0; row < rows; row++)
                if (mostDefined == 0 || levels[row] == mostDefined) result[row] = convert(values[at++]);
            return result;
        };
}
