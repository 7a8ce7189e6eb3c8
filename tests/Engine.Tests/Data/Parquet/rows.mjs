// Writes rows.parquet with Arrow's Rust writer, for ParquetTests:
//   npm install parquet-wasm@0.8.0 apache-arrow@21 && node rows.mjs
import { writeFileSync } from "fs";
import * as arrow from "apache-arrow";
import { Compression, Table, WriterPropertiesBuilder, writeParquet } from "parquet-wasm/node";

const field = (name, type, nullable = true) => new arrow.Field(name, type, nullable);
const image = new arrow.Struct([field("bytes", new arrow.Binary()), field("path", new arrow.Utf8())]);
const count = 7, text = new TextEncoder();
const column = (type, value) => arrow.vectorFromArray([...Array(count).keys()].map(value), type);
const table = new arrow.Table({
  name: column(new arrow.Utf8(), i => (i === 2 ? null : `n${i % 3}é`)),
  whole: column(new arrow.Int32(), i => i * 1000 - 3),
  real: column(new arrow.Float64(), i => (i === 5 ? null : i / 8)),
  small: column(new arrow.Float32(), i => i / 4),
  yes: column(new arrow.Bool(), i => i % 2 === 0),
  image: column(image, i => (i === 3 ? null : { bytes: text.encode("b".repeat(i)), path: i === 4 ? null : `p${i}` })),
  list: column(new arrow.List(field("item", new arrow.Int32())), i => [i, i + 1]),
});
const properties = new WriterPropertiesBuilder().setCompression(Compression.ZSTD).setMaxRowGroupSize(3).build();
writeFileSync("rows.parquet", writeParquet(Table.fromIPCStream(arrow.tableToIPC(table, "stream")), properties));
