package syspassxml

// container reads a child of the root other than Meta and Encrypted, by its name. The names Customers, Customer and customerId are those of
// sysPass before 3.0; whichever a file uses is taken, whatever version it states.
func (r *reader) container(name string) error {
	switch name {
	case "Categories":
		return r.itemList(name, "Category", "", &r.doc.Categories)
	case "Clients", "Customers":
		return r.itemList("Clients", "Client", "Customer", &r.doc.Clients)
	case "Tags":
		return r.list(name, "Tag", "", r.tag)
	case "Accounts":
		return r.list(name, "Account", "", r.account)
	}
	return r.skip()
}

// list reads the elements of a container.
func (r *reader) list(container, element, older string, read func() error) error {
	if err := r.once(container); err != nil {
		return err
	}
	return r.children(func(name string) error {
		if name != element && (older == "" || name != older) {
			return r.skip()
		}
		if r.items++; r.items > maxItems {
			return tooLarge("the file has more than %d items", maxItems)
		}
		return read()
	})
}

func (r *reader) itemList(container, element, older string, to *[]Item) error {
	return r.list(container, element, older, func() (err error) {
		var it Item
		if it.ID, err = r.itemID(); err != nil {
			return err
		}
		err = r.children(func(name string) error {
			switch name {
			case "name":
				return r.into(&it.Name)
			case "description":
				return r.into(&it.Description)
			}
			return r.skip()
		})
		*to = append(*to, it)
		return err
	})
}

func (r *reader) tag() (err error) {
	var t Tag
	if t.ID, err = r.itemID(); err != nil {
		return err
	}
	err = r.children(func(name string) error {
		if name == "name" {
			return r.into(&t.Name)
		}
		return r.skip()
	})
	r.doc.Tags = append(r.doc.Tags, t)
	return err
}

func (r *reader) account() (err error) {
	var a Account
	if a.ID, err = r.itemID(); err != nil {
		return err
	}
	err = r.children(func(name string) error { return r.accountField(&a, name) })
	r.doc.Accounts = append(r.doc.Accounts, a)
	return err
}

func (r *reader) accountField(a *Account, name string) error {
	switch name {
	case "name":
		return r.into(&a.Name)
	case "clientId", "customerId":
		return r.number(&a.ClientID)
	case "categoryId":
		return r.number(&a.CategoryID)
	case "login":
		return r.into(&a.Login)
	case "url":
		return r.into(&a.URL)
	case "notes":
		return r.into(&a.Notes)
	case "pass":
		return r.into(&a.Pass)
	case "key":
		return r.key(&a.Key)
	case "tags":
		return r.tagRefs(&a.Tags)
	}
	return r.skip()
}

func (r *reader) key(to *string) error {
	v, err := r.value()
	if err != nil {
		return err
	}
	if string(v) != r.lastKey {
		r.lastKey = string(v)
	}
	*to = r.lastKey
	return nil
}

func (r *reader) tagRefs(to *[]uint64) error {
	return r.children(func(name string) error {
		if name != "tag" {
			return r.skip()
		}
		n, err := r.itemID()
		if err != nil {
			return err
		}
		*to = append(*to, n)
		return r.skip()
	})
}
