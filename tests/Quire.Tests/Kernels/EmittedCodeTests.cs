using Iced.Intel;
using Quire.Kernels.Cpu.Emission;
using Quire.Kernels.Cpu.Linear;
using Quire.Tensors;

namespace Quire.Tests.Kernels;

/// <summary>What is assembled decodes again, on every machine: also what this one cannot run.</summary>
public sealed class EmittedCodeTests
{
    [Fact]
    public void Int8_tiles_multiply_every_quad_of_every_row_and_tile_once()
    {
        foreach (CodeType type in (CodeType[])[CodeType.Bits4, CodeType.Bits8, CodeType.Levels4])
            foreach (OffsetType offset in Enum.GetValues<OffsetType>())
                foreach (DType scale in (DType[])[DType.F16, DType.BF16, DType.F32])
                    for (int rows = 1; rows <= EmittedIntegerTiles.MaxRows; rows++)
                        for (int tiles = 1; tiles <= IntegerTileEmitter.MaxSums(false) / rows && tiles <= 4; tiles++)
                        {
                            Instruction[] code = Decode(IntegerTileEmitter.Emit(new PackedFormat(type, 64, scale, offset), rows, tiles));
                            Assert.Equal(8 * rows * tiles, code.Count(i => i.Mnemonic == Mnemonic.Vpdpbusd));
                        }
    }

    [Fact]
    public void Int8_tiles_of_superblocks_multiply_two_groups_and_add_their_minima()
    {
        foreach (CodeType type in (CodeType[])[CodeType.Super4, CodeType.Bits5])
        {
            for (int rows = 1; rows <= EmittedIntegerTiles.MaxRows; rows++)
            {
                for (int tiles = 1; tiles <= IntegerTileEmitter.MaxSums(false) / rows && tiles <= 4; tiles++)
                {
                    Instruction[] code = Decode(IntegerTileEmitter.Emit(new PackedFormat(type, 32, DType.F16, OffsetType.Minimum), rows, tiles));
                    Assert.Equal(2 * 8 * rows * tiles, code.Count(i => i.Mnemonic == Mnemonic.Vpdpbusd));
                    Assert.Equal(2 * rows * tiles, code.Count(i => i.Mnemonic == Mnemonic.Vfnmadd231ps));
                    Assert.Equal(type == CodeType.Bits5 ? 2 * 8 * tiles : 0, code.Count(i => i.Mnemonic == Mnemonic.Vpternlogd));
                }
            }
        }
    }

    [Fact]
    public void Int8_tiles_of_groups_of_16_scale_each_half()
    {
        for (int rows = 1; rows <= EmittedIntegerTiles.MaxRows; rows++)
        {
            for (int tiles = 1; tiles <= IntegerTileEmitter.MaxSums(false) / rows && tiles <= 4; tiles++)
            {
                Instruction[] code = Decode(IntegerTileEmitter.Emit(Superblocks.Unpacked, rows, tiles));
                Assert.Equal(8 * rows * tiles, code.Count(i => i.Mnemonic == Mnemonic.Vpdpbusd));
                Assert.Equal(2 * rows * tiles, code.Count(i => i.Mnemonic == Mnemonic.Vfmadd231ps));
            }
        }
    }

    [Fact]
    public void Bf16_tiles_multiply_every_row_and_tile()
    {
        for (int rows = 1; rows <= BFloatTileEmitter.MaxRows; rows++)
            for (int tiles = 1; tiles <= BFloatTileEmitter.MaxTiles; tiles++)
                Assert.Equal(5 * rows * tiles, Decode(BFloatTileEmitter.Emit(rows, tiles)).Count(i => i.Mnemonic == Mnemonic.Vdpbf16ps));
    }

    [Fact]
    public void Bf16_tiles_of_codes_multiply_every_pair_of_a_group_and_scale_every_sum_once()
    {
        foreach ((CodeType type, Mnemonic unpacking) in (ReadOnlySpan<(CodeType, Mnemonic)>)[(CodeType.Bits4, Mnemonic.Vpermw), (CodeType.Levels4, Mnemonic.Vpermw), (CodeType.Bits8, Mnemonic.Vcvtne2ps2bf16), (CodeType.Float8, Mnemonic.Vpermi2b)])
        {
            foreach (OffsetType offset in type is CodeType.Levels4 or CodeType.Float8 ? [OffsetType.Middle] : Enum.GetValues<OffsetType>())
            {
                var format = new PackedFormat(type, 64, DType.F16, offset);
                foreach (bool isWide in format.HasNibbles ? [false] : (bool[])[false, true])
                {
                    foreach (int tiles in (int[])[1, 2, 3, 4])
                    {
                        for (int rows = 1; rows <= BFloatCodeEmitter.MaxChains(format, tiles) / tiles; rows++)
                        {
                            Instruction[] code = Decode(BFloatCodeEmitter.Product(format, isWide, rows, tiles));
                            Assert.Equal(16 * rows * tiles, code.Count(i => i.Mnemonic == Mnemonic.Vdpbf16ps));
                            Assert.Equal(rows * tiles, code.Count(i => i.Mnemonic == Mnemonic.Vfmadd213ps));
                            Assert.Equal(offset == OffsetType.Middle ? 0 : rows * tiles, code.Count(i => i.Mnemonic is Mnemonic.Vfmadd231ps or Mnemonic.Vfnmadd231ps));
                            Assert.Equal(isWide ? 0 : 16 * tiles, code.Count(i => i.Mnemonic == unpacking));
                        }
                    }
                }
                if (!format.HasNibbles) Assert.Equal(16, Decode(BFloatCodeEmitter.Widen(format)).Count(i => i.Mnemonic == Mnemonic.Vmovdqu64 && i.Op0Kind == OpKind.Memory));
            }
        }
    }

    [Fact]
    public void Tile_registers_multiply_every_block_with_every_column_tile()
    {
        for (int blocks = 1; blocks <= 2; blocks++)
        {
            for (int tiles = 1; tiles <= AmxTileEmitter.MaxTiles(blocks); tiles++)
            {
                foreach (bool adds in (bool[])[false, true])
                {
                    foreach ((AmxKind kind, int lines) in (ReadOnlySpan<(AmxKind, int)>)[(AmxKind.BF16, 0), (AmxKind.BF16, 1), (AmxKind.BF16, 16), (AmxKind.Int8, 0), (AmxKind.Int8, 4)])
                    {
                        Instruction[] code = Decode(AmxTileEmitter.Product(kind, blocks, tiles, adds, lines));
                        Instruction[] products = [.. code.Where(i => i.Mnemonic == (kind == AmxKind.BF16 ? Mnemonic.Tdpbf16ps : Mnemonic.Tdpbsud))];
                        Assert.Equal(blocks * tiles, products.Select(i => i.Op0Register).Distinct().Count());
                        Assert.Equal(blocks * tiles, products.Length);
                        Assert.Equal(blocks + tiles + (adds ? blocks * tiles : 0), code.Count(i => i.Mnemonic == Mnemonic.Tileloadd));
                        Assert.Equal(blocks * tiles, code.Count(i => i.Mnemonic == Mnemonic.Tilestored));
                        Assert.Equal(tiles * lines, code.Count(i => i.Mnemonic == Mnemonic.Prefetcht1));
                    }
                }
            }
        }
    }

    [Fact]
    public void Int8_tile_registers_scale_every_row_of_every_group()
    {
        foreach (bool hasMinima in (bool[])[false, true])
        {
            for (int rows = 1; rows <= AmxIntegerEmitter.MaxRows; rows++)
            {
                Instruction[] code = Decode(AmxIntegerEmitter.Emit(rows, hasMinima));
                int products = code.Count(i => i.Mnemonic == (hasMinima ? Mnemonic.Tdpbsud : Mnemonic.Tdpbssd)), scaled = code.Count(i => i.Mnemonic == Mnemonic.Vcvtdq2ps);
                Assert.Equal(products, code.Count(i => i.Mnemonic == Mnemonic.Tilestored));
                Assert.Equal(5 * rows, scaled);
                Assert.Equal(scaled * (hasMinima ? 2 : 1), code.Count(i => i.Mnemonic == Mnemonic.Vfmadd231ps));
                // The same with records unpacked on the way: some ahead, and one before each product.
                foreach (CodeType type in hasMinima ? [CodeType.Bits4, CodeType.Super4, CodeType.Bits5] : (CodeType[])[CodeType.Bits4, CodeType.Bits8])
                {
                    Instruction[] unpacking = Decode(AmxIntegerEmitter.Emit(rows, hasMinima, new PackedFormat(type, 32, DType.F16, hasMinima ? OffsetType.Minimum : OffsetType.Middle, HasWholeLevels: type == CodeType.Levels4)));
                    int unpacked = products + AmxIntegerEmitter.Ahead;
                    Assert.Equal(products, unpacking.Count(i => i.Mnemonic == Mnemonic.Tilestored));
                    Assert.Equal(type == CodeType.Bits8 ? 0 : unpacked * 4, unpacking.Count(i => i.Mnemonic == Mnemonic.Vpsrlw && i.Op1Kind == OpKind.Register));
                    Assert.Equal(type == CodeType.Levels4 ? unpacked * 8 : 0, unpacking.Count(i => i.Mnemonic == Mnemonic.Vpshufb));
                    Assert.Equal(type == CodeType.Bits5 ? unpacked * 8 : 0, unpacking.Count(i => i.Mnemonic == Mnemonic.Vpternlogd));
                    Assert.Equal(unpacked * (hasMinima ? 2 : 1), unpacking.Count(i => i.Mnemonic == Mnemonic.Vcvtph2ps));
                }
            }
        }
    }

    [Fact]
    public void Widening_converts_and_stores_sixteen_pairs_of_a_group()
    {
        foreach (CodeType type in (CodeType[])[CodeType.Bits4, CodeType.Bits8, CodeType.Levels4, CodeType.Float8])
        {
            foreach (OffsetType offset in type is CodeType.Levels4 or CodeType.Float8 ? [OffsetType.Middle] : Enum.GetValues<OffsetType>())
            {
                Instruction[] code = Decode(WideningEmitter.Emit(new PackedFormat(type, 64, DType.BF16, offset, ByColumn: type is CodeType.Bits4 or CodeType.Levels4)));
                Assert.Equal(16, code.Count(i => i.Mnemonic == Mnemonic.Vcvtne2ps2bf16));
                Assert.Equal(16, code.Count(i => i.Mnemonic == Mnemonic.Vmovdqu64 && i.Op0Kind == OpKind.Memory));
            }
        }
    }

    [Fact]
    public void Nibbles_by_column_are_looked_up_and_multiplied_once_a_column_and_group()
    {
        foreach (CodeType type in (CodeType[])[CodeType.Bits4, CodeType.Levels4])
        {
            foreach (OffsetType offset in type == CodeType.Levels4 ? [OffsetType.Middle] : Enum.GetValues<OffsetType>())
            {
                foreach ((int tiles, int blocks) in (ReadOnlySpan<(int, int)>)[(1, 1), (2, 1), (1, 2), (2, 2)])
                {
                    foreach ((int groups, int perHeader) in (ReadOnlySpan<(int, int)>)[(1, 1), (4, 1), (4, 2), (3, 3), (4, 4)])
                    {
                        Instruction[] code = Decode(NibbleColumnEmitter.Emit(new PackedFormat(type, 32 * perHeader, DType.F16, offset, ByColumn: true), tiles, blocks, groups, perHeader));
                        // The first chunk is widened before the loop, the last one multiplied behind it.
                        Assert.Equal(2 * 16 * tiles * groups, code.Count(i => i.Mnemonic == Mnemonic.Vpermw));
                        Assert.Equal(2 * 16 * tiles * (groups / perHeader), code.Count(i => i.Mnemonic == Mnemonic.Vcvtne2ps2bf16));
                        Assert.Equal(2 * tiles * blocks * groups, code.Count(i => i.Mnemonic == Mnemonic.Tdpbf16ps));
                        Assert.Equal(tiles * blocks, code.Count(i => i.Mnemonic == Mnemonic.Tilestored));
                        Assert.Equal(tiles * blocks, code.Where(i => i.Mnemonic == Mnemonic.Tdpbf16ps).Select(i => i.Op0Register).Distinct().Count());
                    }
                }
            }
        }
    }

    [Fact]
    public void A_configuration_names_rows_and_bytes_of_each_tile()
    {
        byte[] bytes = AmxTileEmitter.Configuration([(16, 64), (8, 32)]);
        Assert.Equal(64, bytes.Length);
        Assert.Equal((1, 64, 32, 16, 8, 0), (bytes[0], bytes[16], bytes[18], bytes[48], bytes[49], bytes[50]));
    }

    [Fact]
    public void Attention_of_bf16_multiplies_every_pair_of_every_row_and_tile()
    {
        for (int rows = 1; rows <= DotAttentionEmitter.MaxRows; rows++)
        {
            for (int tiles = 1; tiles <= DotAttentionEmitter.MaxTiles; tiles++)
            {
                foreach (bool fetches in (bool[])[false, true])
                {
                    // A loop over four pairs of a head.
                    Instruction[] scores = Decode(DotAttentionEmitter.Scores(rows, tiles, 80, fetches));
                    Assert.Equal(4 * rows * tiles, scores.Count(i => i.Mnemonic == Mnemonic.Vdpbf16ps));
                    Assert.Equal(rows * tiles, scores.Count(i => i.Mnemonic == Mnemonic.Vmovups && i.Op0Kind == OpKind.Memory));
                    Assert.Equal(fetches ? 4 * tiles : 0, scores.Count(i => i.Mnemonic == Mnemonic.Prefetcht0));
                }
                Instruction[] values = Decode(DotAttentionEmitter.Values(rows, tiles));
                Assert.Equal(8 * rows * tiles, values.Count(i => i.Mnemonic == Mnemonic.Vdpbf16ps));
                Assert.Equal(rows * tiles, values.Count(i => i.Mnemonic == Mnemonic.Vmovups && i.Op0Kind == OpKind.Memory));
            }
        }
    }

    [Fact]
    public void Attention_in_tile_registers_multiplies_every_block_of_rows_with_every_step()
    {
        for (int blocks = 1; blocks <= AmxAttentionEmitter.MaxRowBlocks; blocks++)
        {
            foreach (int padded in (int[])[16, 32, 80, 128])
            {
                int steps = (padded + 31) / 32;
                Instruction[] code = Decode(AmxAttentionEmitter.Scores(blocks, padded));
                Assert.Equal(blocks * steps, code.Count(i => i.Mnemonic == Mnemonic.Tdpbf16ps));
                Assert.Equal((blocks + 1) * steps, code.Count(i => i.Mnemonic == Mnemonic.Tileloadd));
                Assert.Equal(blocks, code.Count(i => i.Mnemonic == Mnemonic.Tilestored));
                Assert.Equal(blocks == 1 ? padded : 0, code.Count(i => i.Mnemonic == Mnemonic.Prefetcht0));
            }
            for (int tiles = 1; tiles <= AmxAttentionEmitter.MaxTiles(blocks); tiles++)
            {
                Instruction[] code = Decode(AmxAttentionEmitter.Values(blocks, tiles));
                Assert.Equal(blocks * tiles, code.Where(i => i.Mnemonic == Mnemonic.Tdpbf16ps).Select(i => i.Op0Register).Distinct().Count());
                Assert.Equal(blocks * tiles, code.Count(i => i.Mnemonic == Mnemonic.Tilestored));
            }
        }
    }

    [Fact]
    public void Attention_kernels_multiply_both_elements_of_a_pair()
    {
        foreach (DType type in (DType[])[DType.F32, DType.BF16])
        {
            for (int rows = 1; rows <= AttentionEmitter.MaxRows; rows++)
            {
                for (int n = 1; n <= 4; n++)
                {
                    Assert.Equal(2 * rows * n, Decode(AttentionEmitter.Scores(type, rows, n, 80)).Count(i => i.Mnemonic == Mnemonic.Vfmadd231ps));
                    Assert.Equal(3 * rows * n, Decode(AttentionEmitter.Values(type, rows, 16 * n)).Count(i => i.Mnemonic == Mnemonic.Vfmadd231ps));
                }
            }
        }
    }

    [Fact]
    public void Both_calling_conventions_leave_the_stack_as_it_was()
    {
        foreach (bool windows in (bool[])[false, true])
        {
            Instruction[] code = Decode(EmittedCode.Assemble(c => c.vpxord(EmittedCode.Zmm[6], EmittedCode.Zmm[6], EmittedCode.Zmm[6]), windows));
            Assert.Equal(windows ? 20 : 0, code.Count(i => i.Mnemonic == Mnemonic.Movups));
        }
    }

    // Every instruction is valid, pushes and pops are balanced and mirror each other, jumps stay inside, and the last instruction returns.
    private static Instruction[] Decode(EmittedCode emitted)
    {
        var decoder = Decoder.Create(64, emitted.Bytes.ToArray());
        List<Instruction> code = [];
        while (decoder.IP < (ulong)emitted.Bytes.Length) code.Add(decoder.Decode());
        Assert.DoesNotContain(code, i => i.IsInvalid);
        Assert.Equal(Mnemonic.Ret, code[^1].Mnemonic);
        Assert.Equal(1, code.Count(i => i.Mnemonic == Mnemonic.Ret));
        Assert.Equal(code.Where(i => i.Mnemonic == Mnemonic.Push).Select(i => i.Op0Register), code.Where(i => i.Mnemonic == Mnemonic.Pop).Select(i => i.Op0Register).Reverse());
        HashSet<ulong> starts = [.. code.Select(i => i.IP)];
        Assert.All(code.Where(i => i.IsJccShortOrNear), i => Assert.Contains(i.NearBranchTarget, starts));
        return [.. code];
    }
}
