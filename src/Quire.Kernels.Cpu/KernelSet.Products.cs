using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Linear;
using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu;

public abstract partial class KernelSet
{
    // Products, in each arithmetic alone and in groups.
    private sealed unsafe partial class Kernels<T, TBFloat, TDots>
    {
        internal override void Linear(ComputePool pool, Tensor input, PackedWeight weight, ProductOutput output)
        {
            var job = new LinearJob<T>(pool, weight, (float*)input.Address, (int)input.Shape.Rows, output, (int)input.Shape.Columns);
            pool.Run(ref job, job.Items);
        }

        internal override void HeadLinear(ComputePool pool, Tensor output, Tensor input, IReadOnlyList<PackedWeight> weights)
        {
            var job = new HeadLinearJob<T>(pool, weights, (float*)input.Address, (int)input.Shape[2], (int)input.Shape[0], (float*)output.Address, (int)output.Shape[2]);
            pool.Run(ref job, job.Items);
        }

        internal override long Int8Bytes(long rows, long inputs, int products)
        {
            int groups = Groups(inputs);
            // Each product may begin its own block of rows.
            long tiles = (products * ActivationTiles.Bytes(1, groups)) + ActivationTiles.Bytes(rows, groups);
            return Math.Max(ActivationRows.Bytes(rows, groups), Math.Max(tiles, ActivationCodes.Bytes(rows, groups)));
        }

        internal override void LinearInt8(ComputePool pool, Tensor input, nint rounded, bool byRow, PackedWeight weight, ProductOutput output)
        {
            int columns = (int)input.Shape.Columns, count = (int)input.Shape.Rows, groups = Groups(columns);
            if (UsesRowTiles(count, weight.Format, byRow, groups))
            {
                var codes = new ActivationCodes(rounded, count, groups);
                Round(pool, input, codes, byRow);
                var job = new AmxRowLinearJob<T>(pool, weight, codes, output);
                pool.Run(ref job, job.Items);
            }
            else if (UsesTiles(count, weight.Format, byRow, groups))
            {
                var tiles = new ActivationTiles(rounded, count, groups);
                Round(pool, input, tiles, byRow);
                var job = new AmxIntegerLinearJob<T>(pool, weight, tiles, output);
                pool.Run(ref job, job.Items);
            }
            else
            {
                var rows = new ActivationRows(rounded, IntegerLinearJob<T, TDots>.Blocks(count, byRow && weight.Format.RunGroups > 1), groups);
                Round(pool, input, rows, byRow);
                var job = new IntegerLinearJob<T, TDots>(pool, weight, rows, byRow, output);
                pool.Run(ref job, job.Items);
            }
        }

        private static int Groups(long inputs) => (int)(PackedFormat.Padded(inputs) / Packing.Group);

        // The bits are the same with tile registers or without.
        private static bool UsesTiles(int rows, PackedFormat format, bool byRow, int groups) =>
            TBFloat.AreTileRegisters && rows >= AmxIntegerLinearJob<T>.MinRows && groups <= AmxIntegerLinearJob<T>.MaxGroups && ScalesEachGroup(format, byRow);

        private static bool ScalesEachGroup(PackedFormat format, bool byRow) => UnpackedGroups.Has(format) && (!byRow || format.RunGroups == 1);

        private static bool UsesRowTiles(int rows, PackedFormat format, bool byRow, int groups) =>
            TBFloat.AreTileRegisters && byRow && rows >= AmxTileEmitter.BlockRows && AmxRowLinearJob<T>.Takes(format, groups);

        private static void Round<TRows>(ComputePool pool, Tensor input, TRows rows, bool byRow) where TRows : struct, IActivationRows
        {
            var job = new ActivationRounding<T, TRows>((float*)input.Address, (int)input.Shape.Columns, rows, byRow);
            pool.Run(ref job, job.Items);
        }

        internal override bool HasFastBf16 => T.HasEmittedTiles && TBFloat.AreFaster;

        internal override long Bf16Bytes(long rows, long inputs) =>
            Math.Max(((int)rows + TBFloat.Padded(1)) * (long)TBFloat.RowStride((int)inputs) * sizeof(ushort), BFloatRecords.Bytes(rows, Groups(inputs)));

        // Tile registers widen codes by their own rules.
        private static bool TakesCodes(PackedFormat format) => T.HasEmittedTiles && !TBFloat.AreTileRegisters && BFloatCodeTiles.Has(format);

        internal override bool ShareBf16Rows(PackedFormat a, PackedFormat b) =>
            TakesCodes(a) == TakesCodes(b) && (!TakesCodes(a) || (a.HeaderInputs == b.HeaderInputs && a.HasNibbles == b.HasNibbles && BFloatCodeTiles.Of(a).BlockRows == BFloatCodeTiles.Of(b).BlockRows));

        private static BFloatRecords Records(nint rounded, int rows, long inputs, PackedFormat format) =>
            new(rounded, new RowBlocks(rows, BFloatCodeTiles.Of(format).BlockRows), new BFloatRuns(format, Groups(inputs)), format.HasNibbles);

        internal override void LinearBf16(ComputePool pool, Tensor input, nint rounded, PackedWeight weight, ProductOutput output)
        {
            int rows = (int)input.Shape.Rows, columns = (int)input.Shape.Columns, stride = TBFloat.RowStride(columns);
            if (TakesCodes(weight.Format))
            {
                BFloatRecords records = Records(rounded, rows, columns, weight.Format);
                var recording = new BFloatRecordRounding<T>((float*)input.Address, columns, records);
                pool.Run(ref recording, recording.Items);
                var product = new BFloatCodeLinearJob<T>(pool, weight, records, output);
                pool.Run(ref product, product.Items);
                return;
            }
            if (TakesColumns(weight, rows))
            {
                var pairs = new BFloatPairs<T>((float*)input.Address, columns, (ushort*)rounded, rows);
                pool.Run(ref pairs, pairs.Items);
                var product = new NibbleColumnLinearJob<T>(pool, weight, (ushort*)rounded, rows, output);
                pool.Run(ref product, product.Items);
                return;
            }
            var rounding = new BFloatRounding<T>((float*)input.Address, columns, (ushort*)rounded, stride, rows);
            pool.Run(ref rounding, rounding.Items);
            var job = new BFloatLinearJob<T, TBFloat>(pool, weight, (ushort*)rounded, rows, output);
            pool.Run(ref job, job.Items);
        }

        // The bits are the same either way.
        private static bool TakesColumns(PackedWeight weight, int rows) => TBFloat.AreTileRegisters && weight.Format.ByColumn && rows <= NibbleColumnLinearJob<T>.MaxRows;

        internal override void LinearGroup(ComputePool pool, Tensor input, List<GroupedProduct> products)
        {
            int columns = (int)input.Shape.Columns;
            var group = new JobGroup<LinearJob<T>>(products.Count);
            foreach (GroupedProduct product in products)
            {
                var job = new LinearJob<T>(pool, product.Weight, (float*)input.Address + ((long)product.FirstRow * columns), product.Rows, product.Output, columns);
                group.Add(job, job.Items);
            }
            group.RunOn(pool);
        }

        internal override void LinearGroupBf16(ComputePool pool, Tensor input, nint rounded, List<GroupedProduct> products)
        {
            if (TakesCodes(products[0].Weight.Format))
            {
                LinearGroupCodes(pool, input, rounded, products);
                return;
            }
            int columns = (int)input.Shape.Columns, stride = TBFloat.RowStride(columns), last = -1;
            // Products of the same rows share them rounded, in one form.
            bool mayTakeColumns = products.TrueForAll(product => product.Weight.Format.ByColumn);
            var rounding = new JobGroup<BFloatRounding<T>>(products.Count);
            var pairing = new JobGroup<BFloatPairs<T>>(products.Count);
            var group = new JobGroup<BFloatLinearJob<T, TBFloat>>(products.Count);
            var columnGroup = new JobGroup<NibbleColumnLinearJob<T>>(products.Count);
            foreach (GroupedProduct product in products)
            {
                float* source = (float*)input.Address + ((long)product.FirstRow * columns);
                ushort* to = (ushort*)rounded + ((long)product.FirstRow * stride);
                bool isNew = product.FirstRow != last;
                last = product.FirstRow;
                if (mayTakeColumns && TakesColumns(product.Weight, product.Rows))
                {
                    var pairs = new BFloatPairs<T>(source, columns, to, product.Rows);
                    if (isNew) pairing.Add(pairs, pairs.Items);
                    var job = new NibbleColumnLinearJob<T>(pool, product.Weight, to, product.Rows, product.Output);
                    columnGroup.Add(job, job.Items);
                }
                else
                {
                    var round = new BFloatRounding<T>(source, columns, to, stride, product.Rows);
                    if (isNew) rounding.Add(round, round.Items);
                    var job = new BFloatLinearJob<T, TBFloat>(pool, product.Weight, to, product.Rows, product.Output);
                    group.Add(job, job.Items);
                }
            }
            rounding.RunOn(pool);
            pairing.RunOn(pool);
            group.RunOn(pool);
            columnGroup.RunOn(pool);
        }

        private static void LinearGroupCodes(ComputePool pool, Tensor input, nint rounded, List<GroupedProduct> products)
        {
            int columns = (int)input.Shape.Columns, last = -1;
            var rounding = new JobGroup<BFloatRecordRounding<T>>(products.Count);
            var group = new JobGroup<BFloatCodeLinearJob<T>>(products.Count);
            foreach (GroupedProduct product in products)
            {
                nint to = rounded + (nint)BFloatRecords.Bytes(product.FirstRow, Groups(columns));
                BFloatRecords records = Records(to, product.Rows, columns, product.Weight.Format);
                var round = new BFloatRecordRounding<T>((float*)input.Address + ((long)product.FirstRow * columns), columns, records);
                if (product.FirstRow != last) rounding.Add(round, round.Items);
                last = product.FirstRow;
                var job = new BFloatCodeLinearJob<T>(pool, product.Weight, records, product.Output);
                group.Add(job, job.Items);
            }
            rounding.RunOn(pool);
            group.RunOn(pool);
        }

        internal override void LinearGroupInt8(ComputePool pool, Tensor input, nint rounded, bool byRow, List<GroupedProduct> products)
        {
            int columns = (int)input.Shape.Columns, groups = Groups(columns), last = -1;
            // Products of the same rows share them rounded, in one form.
            bool mayTile = products.TrueForAll(product => ScalesEachGroup(product.Weight.Format, byRow)), sumsRuns = byRow && products.TrueForAll(product => product.Weight.Format.RunGroups > 1);
            var rounding = new JobGroup<ActivationRounding<T, ActivationRows>>(products.Count);
            var roundingTiles = new JobGroup<ActivationRounding<T, ActivationTiles>>(products.Count);
            var vectors = new JobGroup<IntegerLinearJob<T, TDots>>(products.Count);
            var tiled = new JobGroup<AmxIntegerLinearJob<T>>(products.Count);
            nint at = rounded, next = rounded;
            foreach (GroupedProduct product in products)
            {
                float* source = (float*)input.Address + ((long)product.FirstRow * columns);
                bool isNew = product.FirstRow != last;
                last = product.FirstRow;
                if (isNew) at = next;
                if (mayTile && UsesTiles(product.Rows, product.Weight.Format, byRow, groups))
                {
                    var rows = new ActivationTiles(at, product.Rows, groups);
                    var round = new ActivationRounding<T, ActivationTiles>(source, columns, rows, byRow);
                    if (isNew) roundingTiles.Add(round, round.Items);
                    var job = new AmxIntegerLinearJob<T>(pool, product.Weight, rows, product.Output);
                    tiled.Add(job, job.Items);
                    next = at + (nint)ActivationTiles.Bytes(product.Rows, groups);
                }
                else
                {
                    var rows = new ActivationRows(at, IntegerLinearJob<T, TDots>.Blocks(product.Rows, sumsRuns), groups);
                    var round = new ActivationRounding<T, ActivationRows>(source, columns, rows, byRow);
                    if (isNew) rounding.Add(round, round.Items);
                    var job = new IntegerLinearJob<T, TDots>(pool, product.Weight, rows, byRow, product.Output);
                    vectors.Add(job, job.Items);
                    next = at + (nint)ActivationRows.Bytes(product.Rows, groups);
                }
            }
            rounding.RunOn(pool);
            roundingTiles.RunOn(pool);
            vectors.RunOn(pool);
            tiled.RunOn(pool);
        }
    }
}
