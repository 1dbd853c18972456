import { useEffect, useRef, type ReactNode } from 'react';
import { useText } from '../text/text-context.tsx';
import { Icon } from './icons.tsx';

interface DrawerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** The side bar on a narrow screen: a modal dialog, so the browser keeps focus inside and closes it on Escape. */
export function Drawer({ open, onClose, children }: DrawerProps) {
  const { text } = useText();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-label={text.menu}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      {open && (
        <div className="drawer-body">
          <button type="button" className="icon-button drawer-close" aria-label={text.close} onClick={onClose}>
            <Icon name="close" />
          </button>
          {children}
        </div>
      )}
    </dialog>
  );
}
