"""A warning model in a file: NumPy arrays without pickle, written whole or not at all, checked when read."""

import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from jasang.analyze.early_warning import DamagedModel, WarningModel, model_arrays, model_from_arrays
from jasang.errors import JasangError, UnreadableInput


def write_warning_model(model: WarningModel, path: Path) -> None:
    """Write the model; a file of that name is replaced when the new one is complete.

    Raises
    ------
    JasangError
        The folder does not exist or cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                # A file object, not a name: NumPy would add .npz to a name.
                np.savez_compressed(file, **model_arrays(model))  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise JasangError(
            ko=f"{path}: 모델을 쓸 수 없습니다({error.strerror or error}). 있는 폴더 안의 파일 이름을 주세요.",
            en=f"{path}: the model cannot be written ({error.strerror or error}). Expected a file name in an existing folder.",
        ) from error


def read_warning_model(path: Path) -> WarningModel:
    """Read a model.

    Raises
    ------
    UnreadableInput
        No such file, or it holds no warning model.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return model_from_arrays({name: file[name] for name in file.files})
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile, DamagedModel) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise UnreadableInput(
            ko=f"{path}: 경보 모델로 읽을 수 없습니다({why}). jasang warn PATH --save로 만든 파일을 주세요.",
            en=f"{path}: cannot be read as a warning model ({why}). Expected a file made by jasang warn PATH --save.",
        ) from error
